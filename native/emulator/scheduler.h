// scheduler.h — runs the threads of one launch: every thread that waits is a fiber, threads that never wait share one.
//
// A worker fiber starts threads one after another. When a thread waits (barrier, collective), it keeps its fiber, and another
// fiber goes on with the threads that are ready or not yet started. So a kernel without barriers costs a function call a thread,
// and nobody has to say which kernels have barriers.
#pragma once
#include <cstdint>
#include <string>

#include "emulator/dialect.h"
#include "emulator/dialect/register.h"

#include "api.h"

namespace tw {

struct Fiber;

struct LaunchShape {
    dim3 grid, block;
    unsigned int shared_bytes = 0;
    bool cooperative = false;
    unsigned int most_shared = 227 << 10;  // dynamic and static, of this device
};

// Order in which threads and blocks run; any order must give the same result.
struct Schedule {
    enum class Order { FORWARD, REVERSE, RANDOM } order = Order::FORWARD;
    uint64_t seed = 0;
};

struct LaunchOutcome {
    CUresult code = CUDA_SUCCESS;
    std::string report;  // why it failed
};

LaunchOutcome run_launch(const KernelRecord& kernel, const LaunchShape& shape, const uint64_t* arguments, const Schedule& schedule);

// Whether the calling OS thread is inside a kernel, and how a signal handler leaves it (see trap.cc).
bool inside_kernel();
uint64_t launch_serial();
[[noreturn]] void leave_kernel(CUresult code, const std::string& message);
const Fiber* kernel_fiber();

struct Traffic {
    uint64_t launches = 0, threads = 0, waits = 0, switches = 0;
    uint64_t barriers = 0;  // arrivals of threads at barriers and collectives
};
Traffic& traffic();

}  // namespace tw
