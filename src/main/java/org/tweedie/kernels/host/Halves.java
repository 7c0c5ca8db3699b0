package org.tweedie.kernels.host;

/** 16-bit floats: rounded to nearest, ties to even, as the device converts; a NaN becomes 0x7fff. Stateless. */
public final class Halves {
    private Halves() {}

    /** The bits of the nearest binary16; from 65,520 up, infinity. */
    public static short f16(float v) {
        int bits = Float.floatToRawIntBits(v);
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > 0x7f800000) {
            return 0x7fff;
        }
        if (magnitude >= 0x477ff000) {
            return (short) (sign | 0x7c00);
        }
        if (magnitude < 0x38800000) { // subnormal: adding 1/2 leaves multiples of 2^-24, rounded
            return (short) (sign | (Float.floatToRawIntBits(Float.intBitsToFloat(magnitude) + 0.5f) - 0x3f000000));
        }
        return (short) (sign | ((magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13));
    }

    public static float fromF16(short half) {
        int sign = (half & 0x8000) << 16;
        int magnitude = half & 0x7fff;
        if (magnitude >= 0x7c00) {
            return Float.intBitsToFloat(sign | (magnitude > 0x7c00 ? 0x7fffffff : 0x7f800000));
        }
        float value = magnitude < 0x400 ? magnitude * 0x1p-24f : Float.intBitsToFloat((magnitude << 13) + 0x38000000);
        return Float.intBitsToFloat(Float.floatToRawIntBits(value) | sign);
    }

    /** The bits of the nearest bfloat16. */
    public static short bf16(float v) {
        int bits = Float.floatToRawIntBits(v);
        return (bits & 0x7fffffff) > 0x7f800000 ? 0x7fff : (short) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }

    public static float fromBf16(short half) {
        return Float.intBitsToFloat(half << 16);
    }
}
