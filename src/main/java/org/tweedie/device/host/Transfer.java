package org.tweedie.device.host;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Bytes to typed Java arrays and back. */
final class Transfer {
    private Transfer() {}

    static void between(ByteBuffer bytes, Object array, int at, int count, boolean intoArray) {
        if (array instanceof float[] a) {
            if (intoArray) bytes.asFloatBuffer().get(a, at, count);
            else bytes.asFloatBuffer().put(a, at, count);
        } else if (array instanceof double[] a) {
            if (intoArray) bytes.asDoubleBuffer().get(a, at, count);
            else bytes.asDoubleBuffer().put(a, at, count);
        } else if (array instanceof short[] a) {
            if (intoArray) bytes.asShortBuffer().get(a, at, count);
            else bytes.asShortBuffer().put(a, at, count);
        } else if (array instanceof int[] a) {
            if (intoArray) bytes.asIntBuffer().get(a, at, count);
            else bytes.asIntBuffer().put(a, at, count);
        } else if (array instanceof long[] a) {
            if (intoArray) bytes.asLongBuffer().get(a, at, count);
            else bytes.asLongBuffer().put(a, at, count);
        } else {
            byte[] a = (byte[]) array;
            if (intoArray) bytes.get(a, at, count);
            else bytes.put(a, at, count);
        }
    }

    static void zero(Object array, int from, int to) {
        if (array instanceof float[] a) Arrays.fill(a, from, to, 0f);
        else if (array instanceof double[] a) Arrays.fill(a, from, to, 0.0);
        else if (array instanceof short[] a) Arrays.fill(a, from, to, (short) 0);
        else if (array instanceof int[] a) Arrays.fill(a, from, to, 0);
        else if (array instanceof long[] a) Arrays.fill(a, from, to, 0L);
        else Arrays.fill((byte[]) array, from, to, (byte) 0);
    }
}
