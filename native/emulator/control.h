// control.h — what tests may ask and tell the emulator, beside the driver API. Exported as C functions; control.cc also exports
// them for Java (org.tweedie.testing.EmulatedDriver).
#pragma once
#include <cstdint>

extern "C" {
// A counter by name, or -1 where there is none of that name:
//   launches threads waits barriers                 work done; barriers are arrivals of threads at barriers and collectives
//   copies graphLaunches toolkitCalls atOnce between atWait      operations of streams by the moment that they ran at
//   launches:KERNEL                                 launches of one kernel
//   calls injected unsupported reports              driver calls, faults injected, calls of stubs, failures reported
//   bytes peakBytes allocations hostBytes           device memory, page-locked memory
//   leftOut                                         times that a thread has passed by what is left out
//   contexts streams events modules graphs execs    handles that are open
// or the number of calls of an entry point (cuMemAlloc_v2).
int64_t tw_emu_stat(const char* name);
// Makes the nth call (from now, from 1) of an entry point, or of any ("*"), give a code; persistent: all after it too.
void tw_emu_fail(const char* call, uint64_t nth, int code, int persistent);
// The barrier or fence at FILE:LINE (execution/step.cu:12), and no other, lets all threads pass; "" for none.
void tw_emu_leave_out(const char* place);
// Disarms faults, puts back what is left out, repairs contexts that a kernel's error broke, forgets the last report, puts back the
// order of the environment.
void tw_emu_reset();
// forward, reverse, random: the order in which threads and blocks run.
int tw_emu_schedule(const char* order, uint64_t seed);
// eager, late, random: when streams run what is queued; at random legal moments by the seed.
int tw_emu_streams(const char* when, uint64_t seed);
// How long one launch may take.
void tw_emu_timeout(double seconds);
// Why the last thing failed, or "".
const char* tw_emu_report();
// The parameters of a kernel as letters (p pointer, i int32, l int64, f float, d double), or null where there is none of that name.
const char* tw_emu_parameters(const char* kernel);
// The names of all kernels, one a line.
const char* tw_emu_kernels();
}
