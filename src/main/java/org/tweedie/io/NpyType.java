package org.tweedie.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The element types read as numbers: f4, f8, i4, i8 in either byte order. */
record NpyType(char kind, int bytes, ByteOrder order) {
    static NpyType of(String dtype) {
        String refusal = refusal(dtype);
        if (!refusal.isEmpty()) {
            throw new IllegalArgumentException(refusal);
        }
        ByteOrder order = dtype.charAt(0) == '<' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        return new NpyType(dtype.charAt(1), dtype.charAt(2) - '0', order);
    }

    /** Why a dtype is not read, or nothing. */
    static String refusal(String dtype) {
        if (dtype.matches("[<>](f4|f8|i4|i8)")) {
            return "";
        }
        String what = "is not read";
        if (dtype.matches("[<>|=]?[biufcmMOSUVaT?].*")) {
            char kind = dtype.charAt("<>|=".indexOf(dtype.charAt(0)) >= 0 ? 1 : 0);
            what = switch (kind) {
                case 'b', '?' -> dtype.endsWith("b1") || kind == '?' ? "(bool) is not read" : "is not read";
                case 'c' -> "(complex) is not read";
                case 'O' -> "(Python objects) is never read";
                case 'V' -> "(structured or void) is not read";
                case 'S', 'a', 'U', 'T' -> "(text) is not read";
                case 'm', 'M' -> "(dates) is not read";
                default -> "is not read";
            };
        }
        return "dtype " + Shown.quoted(dtype) + " " + what + "; save as f4, f8, i4 or i8, for example a.astype('<f4')";
    }

    /**
     * Converts elements to float.
     *
     * @return the index of the first element that is NaN, infinite or beyond the range of a float, or -1
     */
    int decode(byte[] from, int count, float[] into, int first, int stride) {
        ByteBuffer buffer = ByteBuffer.wrap(from).order(order);
        int at = first;
        for (int i = 0; i < count; i++, at += stride) {
            float value = switch (kind) {
                case 'f' -> bytes == 4 ? buffer.getFloat(4 * i) : (float) buffer.getDouble(8 * i);
                default -> bytes == 4 ? (float) buffer.getInt(4 * i) : (float) buffer.getLong(8 * i);
            };
            if (!Float.isFinite(value)) {
                return i;
            }
            into[at] = value;
        }
        return -1;
    }

    /** What is wrong with an element that {@link #decode} refused. */
    String fault(byte[] from, int index) {
        ByteBuffer buffer = ByteBuffer.wrap(from).order(order);
        double value = bytes == 4 ? buffer.getFloat(4 * index) : buffer.getDouble(8 * index);
        if (Double.isNaN(value)) {
            return "NaN; remove or fill such rows first";
        }
        return Double.isInfinite(value)
                ? "infinity; remove or fill such rows first"
                : value + " is beyond the range of a 32-bit float";
    }
}
