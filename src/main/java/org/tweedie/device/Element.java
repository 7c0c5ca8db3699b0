package org.tweedie.device;

/** The type of a buffer's elements. On the host each is stored in the Java array named beside it. Immutable. */
public enum Element {
    /** float[]. */
    F32(4),
    /** double[]. */
    F64(8),
    /** short[], IEEE binary16 bits. */
    F16(2),
    /** short[], bfloat16 bits. */
    BF16(2),
    /** int[]. */
    I32(4),
    /** long[]. */
    I64(8),
    /** byte[]. */
    I8(1);

    private final int bytes;

    Element(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }
}
