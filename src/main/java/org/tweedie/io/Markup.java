package org.tweedie.io;

/** Text made safe between tags and in attributes of HTML and SVG. */
final class Markup {
    private Markup() {}

    static String escape(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); ) {
            int point = text.codePointAt(i);
            i += Character.charCount(point);
            switch (point) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                case '\n', '\t' -> out.append((char) point);
                default -> {
                    boolean allowed =
                            point >= 0x20 && point != 0x7f && (point < 0xd800 || point > 0xdfff) && point < 0xfffe
                                    || point > 0xffff;
                    out.appendCodePoint(allowed ? point : 0xfffd);
                }
            }
        }
        return out.toString();
    }
}
