package org.tweedie.io;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * Decimal text and floats. Reading rounds correctly; writing gives the fewest digits that read back to the same bits, in
 * the same spelling on every Java version (Float.toString changed in 19). One instance serves one thread.
 */
final class NumberText {
    /** What a piece of text is. */
    enum Kind {
        NUMBER,
        EMPTY,
        TEXT,
        NAN,
        INFINITE,
        TOO_LARGE
    }

    private static final double[] POWERS = new double[23];

    static {
        for (int i = 0; i < POWERS.length; i++) {
            POWERS[i] = Double.parseDouble("1e" + i); // exact up to 1e22
        }
    }

    private static final long EXACT = 1L << 53;

    private float value;

    /** The number that {@link #parse} read. */
    float value() {
        return value;
    }

    /** Reads {@code [+-] digits [. digits] [e [+-] digits]}, blanks around it ignored. */
    Kind parse(char[] text, int offset, int length) {
        int from = offset;
        int to = offset + length;
        while (from < to && blank(text[from])) {
            from++;
        }
        while (to > from && blank(text[to - 1])) {
            to--;
        }
        if (from == to) {
            return Kind.EMPTY;
        }
        int at = text[from] == '-' || text[from] == '+' ? from + 1 : from;
        int unsigned = at;
        long mantissa = 0;
        boolean exact = true;
        int digits = 0;
        int scale = 0;
        boolean point = false;
        for (; at < to; at++) {
            char c = text[at];
            if (c == '.' && !point) {
                point = true;
            } else if (c >= '0' && c <= '9') {
                digits++;
                scale += point ? 1 : 0;
                if (mantissa < EXACT) {
                    mantissa = 10 * mantissa + c - '0';
                } else {
                    exact = false;
                }
            } else {
                break;
            }
        }
        if (digits == 0) {
            return word(text, unsigned, to);
        }
        int exponent = 0;
        if (at < to && (text[at] == 'e' || text[at] == 'E')) {
            int sign = at + 1 < to && text[at + 1] == '-' ? -1 : 1;
            at += at + 1 < to && (text[at + 1] == '-' || text[at + 1] == '+') ? 2 : 1;
            if (at == to) {
                return Kind.TEXT;
            }
            for (; at < to && text[at] >= '0' && text[at] <= '9'; at++) {
                exponent = Math.min(100_000_000, 10 * exponent + text[at] - '0');
            }
            exponent *= sign;
        }
        if (at != to) {
            return Kind.TEXT;
        }
        value = round(mantissa, exact, exponent - scale, text, from, to);
        return Float.isInfinite(value) ? Kind.TOO_LARGE : Kind.NUMBER;
    }

    private static float round(long mantissa, boolean exact, int power, char[] text, int from, int to) {
        if (exact && mantissa <= EXACT && Math.abs(power) <= 22) {
            double nearest = power < 0 ? mantissa / POWERS[-power] : mantissa * POWERS[power]; // one rounding
            if (!halfway(nearest)) {
                return text[from] == '-' ? -(float) nearest : (float) nearest;
            }
        }
        return Float.parseFloat(new String(text, from, to - from));
    }

    /** True where a double lies midway between two floats, so that rounding it again could go wrong. */
    private static boolean halfway(double value) {
        return (Double.doubleToRawLongBits(value) & (1L << 29) - 1) == 1L << 28;
    }

    private static Kind word(char[] text, int from, int to) {
        String word = to - from > 8 ? "" : new String(text, from, to - from).toLowerCase(java.util.Locale.ROOT);
        return switch (word) {
            case "nan" -> Kind.NAN;
            case "inf", "infinity" -> Kind.INFINITE;
            default -> Kind.TEXT;
        };
    }

    private static boolean blank(char c) {
        return c == ' ' || c == '\t';
    }

    /** Appends the shortest decimal that reads back to the same float; nan, inf, -inf for those. */
    static void append(StringBuilder out, float number) {
        if (!Float.isFinite(number)) {
            out.append(Float.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf");
            return;
        }
        if (Float.floatToRawIntBits(number) < 0) {
            out.append('-');
        }
        float size = Math.abs(number);
        if (size == 0) {
            out.append('0');
        } else if (size < 1e7f && size == (int) size) {
            out.append((int) size);
        } else if (size >= 1e-12f && size <= 1e15f) {
            appendQuick(out, size);
        } else {
            appendExact(out, size);
        }
    }

    /** Appends a number of at most 18 digits in the same spelling. */
    static void append(StringBuilder out, BigDecimal number) {
        if (number.signum() == 0) {
            out.append('0');
        } else {
            out.append(number.signum() < 0 ? "-" : "");
            place(out, number.unscaledValue().abs().longValueExact(), number.scale());
        }
    }

    /** Tries six digits first: most floats need seven to nine. Every power of ten met here is exact in double. */
    private static void appendQuick(StringBuilder out, float size) {
        int exponent = exponent(size);
        int digits = 6;
        long found = candidate(size, digits - 1 - exponent);
        if (found >= 0) {
            while (digits > 1) {
                long shorter = candidate(size, digits - 2 - exponent);
                if (shorter < 0) {
                    break;
                }
                found = shorter;
                digits--;
            }
        } else {
            while (found < 0 && digits < 9) {
                digits++;
                found = candidate(size, digits - 1 - exponent);
            }
        }
        if (found < 0) {
            appendExact(out, size);
        } else {
            place(out, found, digits - 1 - exponent);
        }
    }

    /** The whole number m for which m / 10^scale reads as the float, or -1. */
    private static long candidate(float size, int scale) {
        double scaled = scale >= 0 ? size * POWERS[scale] : size / POWERS[-scale];
        long nearest = (long) StrictMath.rint(scaled);
        if (reads(nearest, scale, size)) {
            return nearest;
        }
        long other = nearest > scaled ? nearest - 1 : nearest + 1; // below a power of two the interval is lopsided
        return reads(other, scale, size) ? other : -1;
    }

    private static boolean reads(long mantissa, int scale, float size) {
        double value = scale >= 0 ? mantissa / POWERS[scale] : mantissa * POWERS[-scale];
        return halfway(value) ? Float.parseFloat(mantissa + "e" + -scale) == size : (float) value == size;
    }

    private static int exponent(float size) {
        int exponent = 0;
        if (size >= 1) {
            while (size >= POWERS[exponent + 1]) {
                exponent++;
            }
        } else {
            while (size * POWERS[-exponent] < 1) {
                exponent--;
            }
        }
        return exponent;
    }

    private static void appendExact(StringBuilder out, float size) {
        BigDecimal exact = new BigDecimal(size);
        for (int digits = 1; ; digits++) {
            BigDecimal rounded = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (Float.parseFloat(rounded.toString()) != size) {
                rounded = exact.round(
                        new MathContext(digits, rounded.compareTo(exact) > 0 ? RoundingMode.DOWN : RoundingMode.UP));
            }
            if (Float.parseFloat(rounded.toString()) == size) {
                place(out, rounded.unscaledValue().longValueExact(), rounded.scale());
                return;
            }
        }
    }

    /** Spells m / 10^scale: plain from 0.0001 to below ten million, else with an exponent. */
    private static void place(StringBuilder out, long mantissa, int scale) {
        long m = mantissa;
        int s = scale;
        while (m % 10 == 0) {
            m /= 10;
            s--;
        }
        String digits = Long.toString(m);
        int exponent = digits.length() - 1 - s;
        if (exponent < -4 || exponent >= 7) {
            out.append(digits.charAt(0));
            if (digits.length() > 1) {
                out.append('.').append(digits, 1, digits.length());
            }
            out.append('e').append(exponent);
        } else if (exponent < 0) {
            out.append("0.");
            out.append("0".repeat(-exponent - 1)).append(digits);
        } else if (digits.length() <= exponent + 1) {
            out.append(digits).append("0".repeat(exponent + 1 - digits.length()));
        } else {
            out.append(digits, 0, exponent + 1).append('.').append(digits, exponent + 1, digits.length());
        }
    }
}
