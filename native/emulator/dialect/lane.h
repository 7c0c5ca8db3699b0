// lane.h — what a kernel thread knows of itself, and the calls by which kernel code enters the scheduler.
//
// One launch runs at a time, all its threads as fibers of one OS thread, so "the current lane" is a plain global: no
// thread-local storage, which a library that is loaded late can run out of.
#pragma once

#pragma GCC visibility push(hidden)
namespace tw {

// Where in the source a thread waits. The source line, not the return address: the compiler may duplicate a call.
struct Site {
    const char* file;
    int line;
    static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
};
inline bool operator==(const Site& a, const Site& b) {
    return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
}

// A barrier or fence that all threads pass by, to see who notices (tw_emu_leave_out); line 0: none.
extern int left_out_line;
bool is_left_out(const Site& site);
inline bool left_out(const Site& site) { return __builtin_expect(site.line == left_out_line, 0) && is_left_out(site); }

// The built-in variables of one thread.
struct Position {
    uint3 thread;
    uint3 block;
    unsigned int linear;  // index of the thread in its block; its lane is the low five bits
};
extern const Position* position;  // of the thread that runs now
extern dim3 grid_shape, block_shape;

constexpr unsigned int WARP = 32;

// What the lanes of one warp hand in and get back in a collective: the arguments stay on the lanes' own stacks.
struct Exchange {
    const void* in[WARP];
    void* out[WARP];
    unsigned int present;  // lanes that take part: those of the mask that have not returned
};
using Combine = void (*)(Exchange&);

void block_barrier(Site site);
void grid_barrier(Site site);
// Waits for all lanes of the mask that have not returned, runs combine once, then all go on.
void warp_collective(const char* kind, Site site, unsigned int mask, const void* in, void* out, Combine combine);
void* dynamic_shared();
// Called in a loop that waits for another thread: lets others run now and then.
void relax();

enum class Fault { LAUNCH_FAILED, MISALIGNED, ILLEGAL_ADDRESS, TRAP, ASSERT };
// Ends the launch with an error and a report; never returns.
[[noreturn]] void fault(Fault kind, Site site, const char* message);

// A static __shared__ array: one object a place in the source, given an offset when a launch first meets it.
struct SharedArray {
    uint64_t launch = 0;
    uint32_t offset = 0;
};
void* static_shared(SharedArray& array, uint32_t bytes, uint32_t alignment, const char* name);

// cp.async: remembered here, performed at the wait that asks for it (as late as the rules allow).
void async_copy(void* shared, const void* global, unsigned int bytes, unsigned int valid);
void async_commit();
void async_wait(unsigned int newest_left);

inline unsigned int lane_id() { return position->linear & (WARP - 1); }

}  // namespace tw
#pragma GCC visibility pop

#define threadIdx (::tw::position->thread)
#define blockIdx (::tw::position->block)
#define blockDim (::tw::block_shape)
#define gridDim (::tw::grid_shape)
constexpr int warpSize = 32;

#define TWEEDIE_SHARED(type, name) type* const name = static_cast<type*>(::tw::dynamic_shared())
#define TWEEDIE_STATIC_SHARED(type, name, count)                                                                      \
    static ::tw::SharedArray name##_place;                                                                            \
    using name##_array = type[count];                                                                                 \
    name##_array& name = *static_cast<name##_array*>(::tw::static_shared(name##_place, sizeof(name##_array), 16, #name))

inline void __syncthreads(tw::Site site = tw::Site::here(__builtin_FILE(), __builtin_LINE())) {
    if (!tw::left_out(site)) tw::block_barrier(site);
}
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
inline void __nanosleep(unsigned int) { tw::relax(); }
[[noreturn]] inline void __trap(tw::Site site = tw::Site::here(__builtin_FILE(), __builtin_LINE())) {
    tw::fault(tw::Fault::TRAP, site, "__trap()");
}

#undef assert
#define assert(condition) ((condition) ? void(0) : ::tw::fault(::tw::Fault::ASSERT, ::tw::Site::here(__FILE__, __LINE__), "assertion " #condition))
