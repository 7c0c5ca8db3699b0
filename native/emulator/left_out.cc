// left_out.cc — the barrier or fence that threads pass by, where a test wants to see who notices.
#include "left_out.h"

#include <cstdlib>
#include <cstring>

#include "dialect.h"

namespace tw {

int left_out_line = 0;

namespace {
std::string left_out_file;
uint64_t passed_by = 0;
}  // namespace

bool is_left_out(const Site& site) {
    const size_t length = std::strlen(site.file);
    if (length < left_out_file.size()) return false;
    const char* const end = site.file + length - left_out_file.size();
    if (left_out_file != end || (end != site.file && end[-1] != '/')) return false;
    ++passed_by;
    return true;
}

void leave_out(const std::string& place) {
    const size_t colon = place.rfind(':');
    left_out_file = colon == std::string::npos ? "" : place.substr(0, colon);
    left_out_line = colon == std::string::npos ? 0 : std::atoi(place.c_str() + colon + 1);
    passed_by = 0;
}

uint64_t left_out_times() { return passed_by; }

}  // namespace tw
