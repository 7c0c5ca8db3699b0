package org.tweedie.io;

/** Element types of safetensors, in the order in which the reference implementation sorts tensors (last first). Immutable. */
public enum Dtype {
    /** One byte, 0 or 1. */
    BOOL(1),
    /** Unsigned 8-bit. */
    U8(1),
    /** Signed 8-bit. */
    I8(1),
    /** 8-bit float, 5 bits of exponent. */
    F8_E5M2(1),
    /** 8-bit float, 4 bits of exponent. */
    F8_E4M3(1),
    /** Signed 16-bit. */
    I16(2),
    /** Unsigned 16-bit. */
    U16(2),
    /** IEEE binary16. */
    F16(2),
    /** bfloat16. */
    BF16(2),
    /** Signed 32-bit. */
    I32(4),
    /** Unsigned 32-bit. */
    U32(4),
    /** IEEE binary32. */
    F32(4),
    /** IEEE binary64. */
    F64(8),
    /** Signed 64-bit. */
    I64(8),
    /** Unsigned 64-bit. */
    U64(8);

    private final int bytes;

    Dtype(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }
}
