// The self-test of the emulated driver: the driver API from C++, without Java.
//
//   selftest [NAME...]   runs the tests whose names contain one of the arguments, or all; exit status 1 where one fails
#include <cstdlib>
#include <cstring>
#include <map>

#include "harness.h"

// the driver handles faults inside kernels itself, and its stacks are fibers'
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options() { return "handle_segv=0:handle_sigbus=0:handle_sigfpe=0:detect_leaks=0:detect_stack_use_after_return=0"; }

namespace selftest {

int checks = 0, failures = 0;
static CUmodule module_handle = nullptr;
static CUcontext context = nullptr;

std::vector<Test>& tests() {
    static std::vector<Test> list;
    return list;
}

std::string text(CUresult code) {
    const char* name = nullptr;
    return cuGetErrorName(code, &name) == CUDA_SUCCESS ? name : std::to_string(int(code));
}

CUfunction function(const char* name) {
    CUfunction f = nullptr;
    const CUresult code = cuModuleGetFunction(&f, module_handle, name);
    if (code != CUDA_SUCCESS) {
        std::printf("no kernel %s: %s\n", name, text(code).c_str());
        std::exit(2);
    }
    return f;
}

void failed(CUresult expected, CUresult actual, const char* words, const char* file, int line) {
    equal(expected, actual, "the launch", file, line);
    const std::string report = tw_emu_report();
    ++checks;
    if (report.find(words) == std::string::npos) {
        ++failures;
        std::printf("  %s:%d: the report lacks '%s': %s\n", file, line, words, report.c_str());
    }
    tw_emu_reset();
}

}  // namespace selftest

using namespace selftest;

int main(int count, char** arguments) {
    setenv("TW_EMU_QUIET", "1", 1);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    OK(cuInit(0));
    OK(cuDevicePrimaryCtxRetain(&context, 0));
    OK(cuCtxSetCurrent(context));
    OK(cuModuleLoadData(&module_handle, "any image"));
    int ran = 0;
    for (const Test& test : tests()) {
        bool wanted = count == 1;
        for (int i = 1; i < count; ++i) wanted |= std::strstr(test.name, arguments[i]) != nullptr;
        if (!wanted) continue;
        const int before = failures;
        test.run();
        tw_emu_reset();
        ++ran;
        if (failures != before) std::printf("FAILED %s\n", test.name);
    }
    // leak accounting, at the end of everything
    EQUAL(0, tw_emu_stat("bytes"));
    EQUAL(0, tw_emu_stat("hostBytes"));
    EQUAL(0, tw_emu_stat("streams"));
    EQUAL(0, tw_emu_stat("events"));
    EQUAL(0, tw_emu_stat("graphs"));
    EQUAL(0, tw_emu_stat("execs"));
    OK(cuModuleUnload(module_handle));
    OK(cuDevicePrimaryCtxRelease_v2(0));
    EQUAL(0, tw_emu_stat("contexts"));
    std::printf("emulator self-test: %d tests, %d checks, %d failures\n", ran, checks, failures);
    return failures == 0 && ran > 0 ? 0 : 1;
}
