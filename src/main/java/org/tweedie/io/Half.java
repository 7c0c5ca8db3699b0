package org.tweedie.io;

/** 16-bit floats as 32-bit ones, exactly. */
final class Half {
    private Half() {}

    /** IEEE binary16. */
    static float f16(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = bits >> 10 & 0x1f;
        int fraction = bits & 0x3ff;
        if (exponent == 0) {
            float magnitude = fraction * 0x1p-24f;
            return sign == 0 ? magnitude : -magnitude;
        }
        int wide = exponent == 0x1f ? 0xff : exponent + 112;
        return Float.intBitsToFloat(sign | wide << 23 | fraction << 13);
    }

    /** bfloat16: the upper half of a float. */
    static float bf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
