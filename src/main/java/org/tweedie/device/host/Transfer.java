package org.tweedie.device.host;

import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.tweedie.device.Element;

/** Bytes to typed Java arrays and back. Stateless. */
public final class Transfer {
    private Transfer() {}

    /** Refuses an array that is not of the element's type, or a range that is not inside it. */
    public static void requireRange(String copy, Object array, int at, int count, Element element) {
        boolean typed = switch (element) {
            case F32 -> array instanceof float[];
            case F64 -> array instanceof double[];
            case F16, BF16 -> array instanceof short[];
            case I32 -> array instanceof int[];
            case I64 -> array instanceof long[];
            case I8 -> array instanceof byte[];
        };
        if (!typed) {
            throw new IllegalArgumentException(
                    copy + " between " + array.getClass().getSimpleName() + " and a buffer of " + element);
        }
        if (at < 0 || count < 0 || count > Array.getLength(array) - at) {
            throw new IllegalArgumentException(
                    copy + " of " + count + " elements at " + at + " of an array of " + Array.getLength(array));
        }
    }

    /** Copies {@code count} elements between the start of {@code bytes}, in native order, and {@code array} from {@code at}. */
    public static void between(ByteBuffer bytes, Object array, int at, int count, boolean intoArray) {
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
