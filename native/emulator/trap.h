// trap.h — a hardware fault inside a kernel (unmapped address, division by zero, illegal instruction, stack overflow) ends the
// launch with the error a GPU would give, and the process lives. Faults elsewhere go to the handler that was there before: the JVM's.
// A watchdog ends a launch that runs for too long.
#pragma once

namespace tw {

void install_traps();
void install_watchdog();

// An alternate signal stack for this OS thread while it runs a kernel: the kernel's own may have overflowed.
class TrapStack {
public:
    TrapStack();
    ~TrapStack();
    TrapStack(const TrapStack&) = delete;
    TrapStack& operator=(const TrapStack&) = delete;

private:
    alignas(16) char before[64];
};

}  // namespace tw
