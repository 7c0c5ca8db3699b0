// fiber.h — a stack and a place to continue. Switching saves the callee-saved registers and nothing else.
#pragma once
#include <cstddef>

namespace tw {

struct Lane;

struct Fiber {
    void* at = nullptr;      // saved stack pointer
    char* low = nullptr;     // lowest usable byte of the stack; a guard page lies below
    size_t bytes = 0;
    void* fake = nullptr;    // AddressSanitizer's
};

// A fiber that will call entry(), which must never return.
Fiber* new_fiber(void (*entry)());
// Forgets what ran on the fiber: it will call entry() again.
void rewind(Fiber* fiber, void (*entry)());
// Describes the stack of the calling OS thread, to come back to.
void adopt(Fiber* fiber);
// Leaves one fiber for another; returns when someone switches back.
void switch_fiber(Fiber* from, Fiber* to);
// First thing on a fresh fiber.
void arrived();
// Below the stack, within its guard page: an overflow.
bool overflows(const Fiber* fiber, const void* address);

}  // namespace tw
