#include "trap.h"

#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "arena.h"
#include "fiber.h"
#include "scheduler.h"
#include "state.h"

namespace tw {
namespace {

constexpr int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
struct sigaction before_us[4];

struct Trapped {
    int signal, code;
    uintptr_t address;
} trapped;
alignas(64) char landing_stack[128 << 10], signal_stack[128 << 10];

// Runs in place of the faulting instruction, on a stack of its own.
[[noreturn]] void land() {
    std::string message;
    CUresult code = CUDA_ERROR_ILLEGAL_ADDRESS;
    Arena& arena = state().arena;
    switch (trapped.signal) {
        case SIGFPE:
            message = "integer division by zero (a GPU would give a wrong number)";
            code = CUDA_ERROR_LAUNCH_FAILED;
            break;
        case SIGILL:
            message = "an illegal instruction: a trap, or a processor without fused multiply-add";
            code = CUDA_ERROR_ILLEGAL_INSTRUCTION;
            break;
        default:
            if (overflows(kernel_fiber(), reinterpret_cast<void*>(trapped.address))) {
                message = "stack overflow: a kernel thread has 64 KiB here";
                code = CUDA_ERROR_HARDWARE_STACK_ERROR;
            } else if (trapped.code == SI_KERNEL) {
                message = "an access at a misaligned or impossible address";
                code = CUDA_ERROR_MISALIGNED_ADDRESS;
            } else {
                const uintptr_t a = trapped.address;
                message = "an access at " + arena.describe(arena.working(a) ? arena.device(a) : a);
            }
    }
    leave_kernel(code, message);
}

void forward(int number, siginfo_t* info, void* context) {
    for (int i = 0; i < 4; ++i) {
        if (SIGNALS[i] != number) continue;
        const struct sigaction& old = before_us[i];
        if (old.sa_flags & SA_SIGINFO) {
            old.sa_sigaction(number, info, context);
        } else if (old.sa_handler == SIG_DFL || old.sa_handler == SIG_IGN) {
            signal(number, SIG_DFL);  // returning repeats the fault, this time for good
        } else {
            old.sa_handler(number);
        }
    }
}

void on_signal(int number, siginfo_t* info, void* context) {
    const bool sent = info->si_code <= 0;  // by kill(), not by an instruction
    if (sent || !inside_kernel() || !pthread_equal(pthread_self(), state().executing)) {
        forward(number, info, context);
        return;
    }
    const uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
    Arena& arena = state().arena;
    if (number == SIGSEGV && info->si_code != SI_KERNEL && arena.contains(address) && arena.alias(address)) return;
    trapped = {number, info->si_code, address};
    ucontext_t* const uc = static_cast<ucontext_t*>(context);
    uc->uc_mcontext.gregs[REG_RSP] = greg_t(reinterpret_cast<uintptr_t>(landing_stack) + sizeof landing_stack - 64 - 8);
    uc->uc_mcontext.gregs[REG_RIP] = greg_t(reinterpret_cast<uintptr_t>(&land));
}

}  // namespace

void install_traps() {
    static bool installed = false;
    if (installed) return;
    installed = true;
    const char* const off = std::getenv("TW_EMU_TRAPS");
    if (off != nullptr && std::strcmp(off, "off") == 0) return;
    for (int i = 0; i < 4; ++i) {
        struct sigaction action;
        std::memset(&action, 0, sizeof action);
        action.sa_sigaction = &on_signal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigaction(SIGNALS[i], nullptr, &before_us[i]);
        action.sa_mask = before_us[i].sa_mask;
        if (before_us[i].sa_flags & SA_RESTART) action.sa_flags |= SA_RESTART;
        if (before_us[i].sa_flags & SA_NODEFER) action.sa_flags |= SA_NODEFER;
        sigaction(SIGNALS[i], &action, nullptr);
    }
}

TrapStack::TrapStack() {
    stack_t ours, theirs;
    std::memset(&ours, 0, sizeof ours);
    ours.ss_sp = signal_stack;
    ours.ss_size = sizeof signal_stack;
    static_assert(sizeof theirs <= sizeof before, "stack_t");
    sigaltstack(&ours, &theirs);
    std::memcpy(before, &theirs, sizeof theirs);
}

TrapStack::~TrapStack() {
    stack_t theirs;
    std::memcpy(&theirs, before, sizeof theirs);
    sigaltstack(&theirs, nullptr);
}

}  // namespace tw
