#include "trap.h"

#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
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
        case SIGURG:
            message = "the launch took more than " + std::to_string(state().settings.timeout_seconds) + " s (TW_EMU_TIMEOUT)";
            code = CUDA_ERROR_LAUNCH_TIMEOUT;
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

// Continues at land() when the handler returns.
void divert(void* context, Trapped what) {
    trapped = what;
    ucontext_t* const uc = static_cast<ucontext_t*>(context);
    uc->uc_mcontext.gregs[REG_RSP] = greg_t(reinterpret_cast<uintptr_t>(landing_stack) + sizeof landing_stack - 64 - 8);
    uc->uc_mcontext.gregs[REG_RIP] = greg_t(reinterpret_cast<uintptr_t>(&land));
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
    divert(context, {number, info->si_code, address});
}

// ---- the watchdog: a thread that looks twice a second, and sends SIGURG (ignored by default) to a launch that takes too long

struct sigaction urgent_before_us;
uintptr_t code_from = 0, code_to = 0;  // of this library: elsewhere (malloc) a launch cannot be left safely; the next signal may do

void on_watchdog(int number, siginfo_t* info, void* context) {
    const ucontext_t* const uc = static_cast<const ucontext_t*>(context);
    const uintptr_t at = uintptr_t(uc->uc_mcontext.gregs[REG_RIP]);
    if (info->si_code == SI_TKILL && inside_kernel() && pthread_equal(pthread_self(), state().executing)) {
        if (at >= code_from && at < code_to) divert(context, {number, info->si_code, 0});
    } else if (urgent_before_us.sa_flags & SA_SIGINFO) {
        urgent_before_us.sa_sigaction(number, info, context);
    } else if (urgent_before_us.sa_handler != SIG_DFL && urgent_before_us.sa_handler != SIG_IGN) {
        urgent_before_us.sa_handler(number);
    }
}

void* watch(void*) {
    constexpr double PERIOD = 0.05;
    uint64_t seen = 0;
    double seconds = 0;
    for (;;) {
        const timespec pause{0, long(PERIOD * 1e9)};
        nanosleep(&pause, nullptr);
        const uint64_t serial = launch_serial();
        seconds = inside_kernel() && serial == seen ? seconds + PERIOD : 0;
        seen = serial;
        if (seconds > state().settings.timeout_seconds) pthread_kill(state().executing, SIGURG);
    }
    return nullptr;
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

void install_watchdog() {
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void*) {
            for (int i = 0; i < info->dlpi_phnum; ++i) {
                const auto& part = info->dlpi_phdr[i];
                const uintptr_t from = info->dlpi_addr + part.p_vaddr, to = from + part.p_memsz, here = reinterpret_cast<uintptr_t>(&land);
                if (part.p_type != PT_LOAD || here < from || here >= to) continue;
                code_from = from;
                code_to = to;
                return 1;
            }
            return 0;
        },
        nullptr);
    struct sigaction action;
    std::memset(&action, 0, sizeof action);
    action.sa_sigaction = &on_watchdog;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigaction(SIGURG, &action, &urgent_before_us);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // the watchdog takes no signals of others
    pthread_t thread;
    if (pthread_create(&thread, nullptr, &watch, nullptr) == 0) pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
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
