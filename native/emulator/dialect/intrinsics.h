// intrinsics.h — C++ twins of the instructions in kernels/intrinsics.cuh.
#pragma once

// ---- f16 and bf16, round to nearest even; NaN becomes 0x7FFF as cvt.rn does

inline uint16_t f32_to_f16(const float v) {
    const uint32_t bits = __float_as_uint(v), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) return 0x7FFF;
    if (magnitude >= 0x477FF000u) return uint16_t(sign | 0x7C00u);  // 65520 and above round to infinity
    if (magnitude < 0x38800000u) {                                  // below 2^-14: adding 0.5 leaves multiples of 2^-24, rounded
        const float rounded = __uint_as_float(magnitude) + 0.5f;
        return uint16_t(sign | (__float_as_uint(rounded) - 0x3F000000u));
    }
    const uint32_t odd = magnitude >> 13 & 1u;
    return uint16_t(sign | ((magnitude - 0x38000000u + 0xFFFu + odd) >> 13));
}
inline float f16_to_f32(const uint16_t h) {
    const uint32_t sign = uint32_t(h & 0x8000u) << 16, magnitude = h & 0x7FFFu;
    if (magnitude >= 0x7C00u) return __uint_as_float(magnitude > 0x7C00u ? 0x7FFFFFFFu : sign | 0x7F800000u);
    const float scaled = float(magnitude & 0x3FFu) * 0x1p-24f;  // exact
    const float value = magnitude < 0x400u ? scaled : __uint_as_float((magnitude << 13) + 0x38000000u);
    return __uint_as_float(sign | __float_as_uint(value));
}
inline uint16_t f32_to_bf16(const float v) {
    const uint32_t bits = __float_as_uint(v);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return 0x7FFF;
    return uint16_t((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}
inline float bf16_to_f32(const uint16_t h) { return __uint_as_float(uint32_t(h) << 16); }
inline uint32_t f32_to_f16x2(const float lo, const float hi) { return uint32_t(f32_to_f16(hi)) << 16 | f32_to_f16(lo); }
inline uint16_t f32_to_f16_finite(const float v) {
    const uint16_t h = f32_to_f16(v);
    return (h & 0x7FFFu) == 0x7C00u ? uint16_t(h - 1u) : h;
}
inline uint32_t f32_to_f16x2_finite(const float lo, const float hi) {
    return uint32_t(f32_to_f16_finite(hi)) << 16 | f32_to_f16_finite(lo);
}
inline uint32_t f32_to_bf16x2(const float lo, const float hi) { return uint32_t(f32_to_bf16(hi)) << 16 | f32_to_bf16(lo); }

// ---- special functions

#define TWEEDIE_APPROX(name, exact, rough) \
    inline float name(const float x) { return __builtin_expect(tw::roughness == 0, 1) ? (exact) : (rough); }
TWEEDIE_APPROX(tanh_approx, float(std::tanh(double(x))), tw::within_one(tw::off_by_share(std::tanh(double(x)), x, 0x1p-11, 1)))
TWEEDIE_APPROX(exp2_approx, x < -126.0f ? 0.0f : float(std::exp2(double(x))),
               x < -126.0f ? 0.0f : tw::off_by_share(std::exp2(double(x)), x, 0x1p-22, 2))
TWEEDIE_APPROX(log2_approx, float(std::log2(double(x))),
               (x > 0.5f && x < 2.0f ? tw::off_by : tw::off_by_share)(std::log2(double(x)), x, 0x1p-22, 3))
TWEEDIE_APPROX(reciprocal_approx, 1.0f / x, tw::off_by_share(1.0 / double(x), x, 0x1p-23, 4))
TWEEDIE_APPROX(sin_approx, float(std::sin(double(x))), tw::within_one(tw::off_by(std::sin(double(x)), x, 0x1.6a09e6p-21, 5)))  // 2^-20.5
TWEEDIE_APPROX(cos_approx, float(std::cos(double(x))), tw::within_one(tw::off_by(std::cos(double(x)), x, 0x1.6a09e6p-21, 6)))
TWEEDIE_APPROX(sqrt_approx, std::sqrt(x), tw::off_by_share(std::sqrt(double(x)), x, 0x1p-23, 7))
#undef TWEEDIE_APPROX

// ---- mma.sync m16n8k16

namespace tw {

struct Fragments {
    uint32_t a[4], b[2];
    float c[4];
};

typedef float Columns __attribute__((vector_size(32)));

template <float (*widen)(uint16_t)>
inline void multiply(Exchange& exchange) {
    float a[16][16];
    Columns b[16], d[16];
    for (unsigned int lane = 0; lane < WARP; ++lane) {
        const Fragments& f = *static_cast<const Fragments*>(exchange.in[lane]);
        const unsigned int g = lane / 4, q = lane % 4;
        for (unsigned int half = 0; half < 2; ++half) {
            for (unsigned int j = 0; j < 4; ++j) {
                a[g + 8 * (j & 1)][2 * q + 8 * (j >> 1) + half] = widen(uint16_t(f.a[j] >> (16 * half)));
            }
            for (unsigned int j = 0; j < 2; ++j) b[2 * q + 8 * j + half][g] = widen(uint16_t(f.b[j] >> (16 * half)));
        }
        for (unsigned int j = 0; j < 4; ++j) d[g + 8 * (j >> 1)][2 * q + (j & 1)] = f.c[j];
    }
    for (unsigned int row = 0; row < 16 && roughness == 0; ++row) {
        for (unsigned int k = 0; k < 16; ++k) d[row] += a[row][k] * b[k];  // the products are exact in f32
    }
    for (unsigned int column = 0; column < 8 && roughness != 0; ++column) {
        float weights[16];
        for (unsigned int k = 0; k < 16; ++k) weights[k] = b[k][column];
        for (unsigned int row = 0; row < 16; ++row) d[row][column] = cut_off_sum(d[row][column], a[row], weights, 16);
    }
    for (unsigned int lane = 0; lane < WARP; ++lane) {
        const unsigned int g = lane / 4, q = lane % 4;
        for (unsigned int j = 0; j < 4; ++j) static_cast<float*>(exchange.out[lane])[j] = d[g + 8 * (j >> 1)][2 * q + (j & 1)];
    }
}

// Instructions of the whole warp: a returned lane is an error, as on the hardware.
template <void (*work)(Exchange&)>
inline void whole_warp(Exchange& exchange) {
    if (exchange.present != 0xFFFFFFFFu) fault(Fault::LAUNCH_FAILED, Site{"kernels/intrinsics.cuh", 0}, "a warp instruction where lanes have returned");
    work(exchange);
}

struct Rows {
    const void* row;
};
template <int count, bool trans>
inline void matrices(Exchange& exchange) {
    for (unsigned int lane = 0; lane < WARP; ++lane) {
        uint32_t* const r = static_cast<uint32_t*>(exchange.out[lane]);
        const unsigned int g = lane / 4, q = lane % 4;
        for (unsigned int j = 0; j < unsigned(count); ++j) {
            uint16_t pair[2];
            for (unsigned int half = 0; half < 2; ++half) {
                const unsigned int row = trans ? 2 * q + half : g, column = trans ? g : 2 * q + half;
                const Rows* from = static_cast<const Rows*>(exchange.in[8 * j + row]);
                pair[half] = static_cast<const uint16_t*>(from->row)[column];
            }
            r[j] = uint32_t(pair[1]) << 16 | pair[0];
        }
    }
}
template <int count, bool trans>
inline void ldmatrix(const char* kind, Site site, uint32_t* r, const void* row) {
    aligned<uint4>(row, site);
    const Rows in{row};
    warp_collective(kind, site, 0xFFFFFFFFu, &in, r, &whole_warp<&matrices<count, trans>>);
}

}  // namespace tw

inline void mma_m16n8k16_f16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], const float (&c)[4], TWEEDIE_HERE) {
    const tw::Fragments in{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}, {c[0], c[1], c[2], c[3]}};
    tw::warp_collective("mma.m16n8k16.f16", site, 0xFFFFFFFFu, &in, d, &tw::whole_warp<&tw::multiply<&f16_to_f32>>);
}
inline void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], const float (&c)[4], TWEEDIE_HERE) {
    const tw::Fragments in{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}, {c[0], c[1], c[2], c[3]}};
    tw::warp_collective("mma.m16n8k16.bf16", site, 0xFFFFFFFFu, &in, d, &tw::whole_warp<&tw::multiply<&bf16_to_f32>>);
}

inline void ldmatrix_x4(uint32_t (&r)[4], const void* row, TWEEDIE_HERE) { tw::ldmatrix<4, false>("ldmatrix.x4", site, r, row); }
inline void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row, TWEEDIE_HERE) { tw::ldmatrix<4, true>("ldmatrix.x4.trans", site, r, row); }
inline void ldmatrix_x2(uint32_t (&r)[2], const void* row, TWEEDIE_HERE) { tw::ldmatrix<2, false>("ldmatrix.x2", site, r, row); }
inline void ldmatrix_x2_trans(uint32_t (&r)[2], const void* row, TWEEDIE_HERE) { tw::ldmatrix<2, true>("ldmatrix.x2.trans", site, r, row); }

// ---- cp.async

inline void cp_async_16(void* shared, const void* global, const bool valid = true, TWEEDIE_HERE) {
    tw::aligned<uint4>(shared, site);
    tw::aligned<uint4>(global, site);
    tw::async_copy(shared, global, 16, valid ? 16 : 0);
}
inline void cp_async_4(void* shared, const void* global, const bool valid = true, TWEEDIE_HERE) {
    tw::aligned<uint32_t>(shared, site);
    tw::aligned<uint32_t>(global, site);
    tw::async_copy(shared, global, 4, valid ? 4 : 0);
}
inline void cp_async_commit() { tw::async_commit(); }
template <int LEFT>
inline void cp_async_wait() {
    tw::async_wait(LEFT);
}


inline void grid_sync(TWEEDIE_HERE) {
    if (!tw::left_out(site)) tw::grid_barrier(site);
}
