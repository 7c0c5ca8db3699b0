// types.h — CUDA's vector types with their alignments, and dim3.
#pragma once

#define TWEEDIE_VECTOR(base, name, align2, align4)                                                        \
    struct name##1 { base x; };                                                                           \
    struct alignas(align2) name##2 { base x, y; };                                                        \
    struct name##3 { base x, y, z; };                                                                     \
    struct alignas(align4) name##4 { base x, y, z, w; };                                                  \
    inline name##1 make_##name##1(base x) { return {x}; }                                                 \
    inline name##2 make_##name##2(base x, base y) { return {x, y}; }                                      \
    inline name##3 make_##name##3(base x, base y, base z) { return {x, y, z}; }                           \
    inline name##4 make_##name##4(base x, base y, base z, base w) { return {x, y, z, w}; }

TWEEDIE_VECTOR(signed char, char, 2, 4)
TWEEDIE_VECTOR(unsigned char, uchar, 2, 4)
TWEEDIE_VECTOR(short, short, 4, 8)
TWEEDIE_VECTOR(unsigned short, ushort, 4, 8)
TWEEDIE_VECTOR(int, int, 8, 16)
TWEEDIE_VECTOR(unsigned int, uint, 8, 16)
TWEEDIE_VECTOR(long long, longlong, 16, 16)
TWEEDIE_VECTOR(unsigned long long, ulonglong, 16, 16)
TWEEDIE_VECTOR(float, float, 8, 16)
TWEEDIE_VECTOR(double, double, 16, 16)
#undef TWEEDIE_VECTOR

struct dim3 {
    unsigned int x = 1, y = 1, z = 1;
    constexpr dim3() = default;
    constexpr dim3(unsigned int x_, unsigned int y_ = 1, unsigned int z_ = 1) : x(x_), y(y_), z(z_) {}
};
