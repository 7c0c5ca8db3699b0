// left_out.h — which barrier is left out, for control.cc.
#pragma once
#include <cstdint>
#include <string>

namespace tw {

// FILE:LINE, as kernels include the file; without a line none is left out.
void leave_out(const std::string& place);
// How often a thread has passed by since.
uint64_t left_out_times();

}  // namespace tw
