package org.tweedie.io;

/** Text from outside made fit for one line of a message. */
final class Shown {
    private static final int QUOTED = 40;

    private Shown() {}

    /** Control characters, line ends and lone surrogates escaped. */
    static String line(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); ) {
            int point = text.codePointAt(i);
            i += Character.charCount(point);
            int type = Character.getType(point);
            if (type == Character.CONTROL
                    || type == Character.SURROGATE
                    || type == Character.FORMAT
                    || type == Character.LINE_SEPARATOR
                    || type == Character.PARAGRAPH_SEPARATOR) {
                out.append(point < 0x10000 ? String.format("\\u%04x", point) : String.format("\\U%08x", point));
            } else {
                out.appendCodePoint(point);
            }
        }
        return out.toString();
    }

    /** In double quotes, escaped, cut after 40 characters. */
    static String quoted(CharSequence text) {
        String cut = text.length() > QUOTED ? text.subSequence(0, QUOTED) + "..." : text.toString();
        return '"' + line(cut) + '"';
    }

    /** Bytes with a unit a person reads: "512 bytes", "1.5 GiB". */
    static String bytes(long count) {
        if (count < 1 << 20) {
            return count + " bytes";
        }
        long tenths = count >= 1L << 30 ? count / ((1L << 30) / 10) : count / ((1L << 20) / 10);
        return tenths / 10 + "." + tenths % 10 + (count >= 1L << 30 ? " GiB" : " MiB");
    }
}
