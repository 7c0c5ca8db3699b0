#include "fiber.h"

#include <pthread.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if !defined(__x86_64__)
#error "the emulated driver switches fibers in x86-64 assembly"
#endif

// void tw_switch(void** save, void* load)
asm(R"(
    .text
    .hidden tw_switch
    .globl tw_switch
    .type tw_switch, @function
tw_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size tw_switch, .-tw_switch
)");
extern "C" void tw_switch(void** save, void* load);

namespace tw {

#if defined(__SANITIZE_ADDRESS__)
constexpr size_t STACK = 256 << 10;
#else
constexpr size_t STACK = 64 << 10;
#endif
constexpr size_t PAGE = 4096;

Fiber* new_fiber(void (*entry)()) {
    static unsigned int count = 0;
    void* const map = mmap(nullptr, STACK + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED || mprotect(map, PAGE, PROT_NONE) != 0) {
        std::perror("tweedie emulator: no memory for the stack of a kernel thread");
        std::abort();
    }
    Fiber* const fiber = new Fiber;
    fiber->low = static_cast<char*>(map) + PAGE;
    // the tops of stacks lie an odd number of cache lines apart, so that their hottest lines do not share a cache set
    fiber->bytes = STACK - (count++ * 5 % 63) * 64;
    rewind(fiber, entry);
    return fiber;
}

void rewind(Fiber* fiber, void (*entry)()) {
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(fiber->low, fiber->bytes);
#endif
    void** top = reinterpret_cast<void**>(fiber->low + fiber->bytes);
    *--top = nullptr;  // a return address of nobody: entry starts with rsp = 8 mod 16, as after a call
    *--top = reinterpret_cast<void*>(entry);
    for (int i = 0; i < 6; ++i) *--top = nullptr;
    fiber->at = top;
    fiber->fake = nullptr;
}

void adopt(Fiber* fiber) {
#if defined(__SANITIZE_ADDRESS__)
    static thread_local void* low = nullptr;  // asked for once: of the first thread glibc reads all mappings
    static thread_local size_t bytes = 0;
    pthread_attr_t attributes;
    if (low == nullptr && pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstack(&attributes, &low, &bytes);
        pthread_attr_destroy(&attributes);
    }
    fiber->low = static_cast<char*>(low);
    fiber->bytes = bytes;
#else
    (void)fiber;  // only the sanitizer asks
#endif
}

#if defined(__SANITIZE_ADDRESS__)
static Fiber* left = nullptr;
static Fiber* entered = nullptr;

void switch_fiber(Fiber* from, Fiber* to) {
    left = from;
    entered = to;
    __sanitizer_start_switch_fiber(&from->fake, to->low, to->bytes);
    tw_switch(&from->at, to->at);
    __sanitizer_finish_switch_fiber(from->fake, nullptr, nullptr);
}
void arrived() { __sanitizer_finish_switch_fiber(entered->fake, nullptr, nullptr); }
#else
void switch_fiber(Fiber* from, Fiber* to) { tw_switch(&from->at, to->at); }
void arrived() {}
#endif

bool overflows(const Fiber* fiber, const void* address) {
    const char* const a = static_cast<const char*>(address);
    return a < fiber->low && a >= fiber->low - PAGE;
}

}  // namespace tw
