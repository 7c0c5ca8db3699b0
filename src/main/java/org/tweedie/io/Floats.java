package org.tweedie.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Floats as little-endian bytes. */
final class Floats {
    /** Values converted at a time: 64 KiB of bytes. */
    static final int CHUNK = 1 << 14;

    private Floats() {}

    static byte[] little(float[] values, int offset, int count) {
        byte[] bytes = new byte[4 * count];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values, offset, count);
        return bytes;
    }
}
