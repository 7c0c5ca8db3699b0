// arithmetic.h — CUDA's arithmetic intrinsics: every one correctly rounded. The approximate ones of the hardware (__expf,
// rsqrtf, ...) are exact here: kernels that promise bits must not use them.
#pragma once

template <class To, class From>
inline To tweedie_bits(const From from) {
    static_assert(sizeof(To) == sizeof(From), "sizes differ");
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
}
inline int __float_as_int(float v) { return tweedie_bits<int>(v); }
inline unsigned int __float_as_uint(float v) { return tweedie_bits<unsigned int>(v); }
inline float __int_as_float(int v) { return tweedie_bits<float>(v); }
inline float __uint_as_float(unsigned int v) { return tweedie_bits<float>(v); }
inline long long __double_as_longlong(double v) { return tweedie_bits<long long>(v); }
inline double __longlong_as_double(long long v) { return tweedie_bits<double>(v); }
inline int __double2hiint(double v) { return int(tweedie_bits<uint64_t>(v) >> 32); }
inline int __double2loint(double v) { return int(tweedie_bits<uint64_t>(v)); }
inline double __hiloint2double(int hi, int lo) {
    return tweedie_bits<double>(uint64_t(uint32_t(hi)) << 32 | uint32_t(lo));
}

// ---- integers
inline unsigned int __umulhi(unsigned int a, unsigned int b) { return (unsigned int)((uint64_t(a) * b) >> 32); }
inline int __mulhi(int a, int b) { return int((int64_t(a) * b) >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)(((unsigned __int128)a * b) >> 64);
}
inline long long __mul64hi(long long a, long long b) { return (long long)(((__int128)a * b) >> 64); }
inline int __popc(unsigned int v) { return __builtin_popcount(v); }
inline int __popcll(unsigned long long v) { return __builtin_popcountll(v); }
inline int __clz(int v) { return v == 0 ? 32 : __builtin_clz((unsigned int)v); }
inline int __clzll(long long v) { return v == 0 ? 64 : __builtin_clzll((unsigned long long)v); }
inline int __ffs(int v) { return __builtin_ffs(v); }
inline int __ffsll(long long v) { return __builtin_ffsll(v); }
inline unsigned int __brev(unsigned int v) {
    unsigned int r = 0;
    for (int i = 0; i < 32; ++i) r |= ((v >> i) & 1u) << (31 - i);
    return r;
}
inline unsigned int __funnelshift_l(unsigned int lo, unsigned int hi, unsigned int shift) {
    return (unsigned int)((((uint64_t(hi) << 32) | lo) << (shift & 31)) >> 32);
}
inline unsigned int __funnelshift_r(unsigned int lo, unsigned int hi, unsigned int shift) {
    return (unsigned int)(((uint64_t(hi) << 32) | lo) >> (shift & 31));
}
inline unsigned int __byte_perm(unsigned int a, unsigned int b, unsigned int selector) {
    const uint64_t bytes = (uint64_t(b) << 32) | a;
    unsigned int r = 0;
    for (int i = 0; i < 4; ++i) r |= (unsigned int)((bytes >> (8 * ((selector >> (4 * i)) & 7))) & 0xFF) << (8 * i);
    return r;
}

// ---- conversions, round to nearest even unless the name says otherwise; out of range saturates, NaN gives 0, as on the device
namespace tw {
template <class To>
inline To saturated(double v) {
    if (v != v) return 0;
    if (v <= double(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    if (v >= double(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    return To(v);
}
}  // namespace tw
inline int __float2int_rn(float v) { return tw::saturated<int>(std::nearbyint(double(v))); }
inline int __float2int_rz(float v) { return tw::saturated<int>(std::trunc(double(v))); }
inline int __float2int_rd(float v) { return tw::saturated<int>(std::floor(double(v))); }
inline int __float2int_ru(float v) { return tw::saturated<int>(std::ceil(double(v))); }
inline unsigned int __float2uint_rn(float v) { return tw::saturated<unsigned int>(std::nearbyint(double(v))); }
inline unsigned int __float2uint_rz(float v) { return tw::saturated<unsigned int>(std::trunc(double(v))); }
inline long long __float2ll_rn(float v) { return tw::saturated<long long>(std::nearbyint(double(v))); }
inline long long __double2ll_rn(double v) { return tw::saturated<long long>(std::nearbyint(v)); }
inline int __double2int_rn(double v) { return tw::saturated<int>(std::nearbyint(v)); }
inline float __int2float_rn(int v) { return float(v); }
inline float __uint2float_rn(unsigned int v) { return float(v); }
inline float __ll2float_rn(long long v) { return float(v); }
inline float __ull2float_rn(unsigned long long v) { return float(v); }
inline float __double2float_rn(double v) { return float(v); }

// ---- floats: separate roundings (the emulator is compiled without contraction, as the kernels are with --fmad=false)
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __frcp_rn(float a) { return 1.0f / a; }
inline float __fsqrt_rn(float a) { return std::sqrt(a); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __dsqrt_rn(double a) { return std::sqrt(a); }
inline float __saturatef(float v) { return v >= 0.0f ? (v > 1.0f ? 1.0f : v) : 0.0f; }
inline float __fdividef(float a, float b) { return a / b; }
inline float __expf(float v) { return float(std::exp(double(v))); }
inline float __exp10f(float v) { return float(std::pow(10.0, double(v))); }
inline float __logf(float v) { return float(std::log(double(v))); }
inline float __log2f(float v) { return float(std::log2(double(v))); }
inline float __sinf(float v) { return float(std::sin(double(v))); }
inline float __cosf(float v) { return float(std::cos(double(v))); }
inline float __powf(float a, float b) { return float(std::pow(double(a), double(b))); }
inline float rsqrtf(float v) { return float(1.0 / std::sqrt(double(v))); }
inline double rsqrt(double v) { return 1.0 / std::sqrt(v); }

// ---- min and max as CUDA overloads them
#define TWEEDIE_MIN_MAX(type)                                     \
    inline type min(type a, type b) { return b < a ? b : a; }     \
    inline type max(type a, type b) { return a < b ? b : a; }
TWEEDIE_MIN_MAX(int)
TWEEDIE_MIN_MAX(unsigned int)
TWEEDIE_MIN_MAX(long)
TWEEDIE_MIN_MAX(unsigned long)
TWEEDIE_MIN_MAX(long long)
TWEEDIE_MIN_MAX(unsigned long long)
#undef TWEEDIE_MIN_MAX
inline float min(float a, float b) { return std::fmin(a, b); }
inline float max(float a, float b) { return std::fmax(a, b); }
inline double min(double a, double b) { return std::fmin(a, b); }
inline double max(double a, double b) { return std::fmax(a, b); }
