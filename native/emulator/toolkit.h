// toolkit.h — what the stand-ins of cuBLAS and cuRAND (toolkit/) ask of the emulated driver: the door of every call, memory, and a place
// in a stream's queue. Exported as C functions, since they are other libraries.
#pragma once
#include "api.h"

extern "C" {
// Counts the call, injects a fault if one is armed for its name, and refuses it where no context is current or the current one is broken.
CUresult tw_emu_enter(const char* name);
// Queues work in a stream of the current context, captured or run when its turn comes: work(data), which gives the code of what a kernel
// would have met; drop(data) when it is queued nowhere any more. Data is taken over whatever happens.
CUresult tw_emu_enqueue(CUstream stream, CUresult (*work)(void*), void (*drop)(void*), void* data);
// Where the bytes behind a device or page-locked address are while work runs; null, with a report, where they are not one allocation.
void* tw_emu_bytes(CUdeviceptr address, size_t bytes, const char* what);
void tw_emu_complain(const char* text);
}
