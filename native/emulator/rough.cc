// rough.cc — what dialect/rough.h declares.
#include "dialect.h"

namespace tw {

uint32_t roughness = 0;

namespace {

/// In [-1, 1].
double off(const float x, const uint32_t unit) {
    uint32_t h = __float_as_uint(x) * 0x9E3779B1u ^ (roughness + unit) * 0x85EBCA6Bu;
    h = (h ^ h >> 15) * 0xC2B2AE35u;
    return double(int32_t(h ^ h >> 13)) * 0x1p-31;
}

}  // namespace

float off_by_share(const double y, const float x, const double most, const uint32_t unit) { return float(y * (1.0 + most * off(x, unit))); }
float off_by(const double y, const float x, const double most, const uint32_t unit) { return float(y + most * off(x, unit)); }
float within_one(const float y) { return y > 1.0f ? 1.0f : y < -1.0f ? -1.0f : y; }

float cut_off_sum(const float start, const float* a, const float* b, const unsigned int count) {
    double exact = start, most = std::fabs(exact);
    for (unsigned int k = 0; k < count; ++k) {
        const double term = double(a[k]) * double(b[k]);
        exact += term;
        const double size = std::fabs(term);
        most = size > most ? size : most;
    }
    if (most == 0.0 || !(exact - exact == 0.0)) return float(exact);  // nothing, or no number
    // 2^24 over the largest power of two in any term, and its inverse; of f32 and their products neither leaves the doubles
    const uint64_t power = tweedie_bits<uint64_t>(most) >> 52;
    const double times = tweedie_bits<double>((2046 + 24 - power) << 52), unit = tweedie_bits<double>((power - 24) << 52);
    double sum = std::trunc(double(start) * times);
    for (unsigned int k = 0; k < count; ++k) sum += std::trunc(double(a[k]) * double(b[k]) * times);
    sum *= unit;
    const float rounded = float(sum);
    return std::fabs(double(rounded)) > std::fabs(sum) ? std::nextafterf(rounded, 0.0f) : rounded;
}

}  // namespace tw
