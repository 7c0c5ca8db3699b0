package org.tweedie.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/**
 * A report in one HTML file that needs no other: headings, text, tables, commands, charts and pictures. All text is escaped;
 * the page asks the browser to load nothing and run nothing. For one thread.
 */
public final class HtmlReport {
    private static final String STYLE =
            "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
                    + "table{border-collapse:collapse;margin:.5rem 0}td,th{border:1px solid #ccc;padding:.2rem .6rem;text-align:left}"
                    + "th{background:#f3f3f3}pre{background:#f3f3f3;padding:.6rem;overflow-x:auto}img,svg{max-width:100%;height:auto}"
                    + "figure{margin:1rem 0}figcaption{color:#555;font-size:13px}";

    private final StringBuilder body = new StringBuilder();
    private final String title;

    /** An empty report. */
    public HtmlReport(String title) {
        this.title = title;
    }

    /** Begins a section. */
    public HtmlReport section(String heading) {
        return element("h2", heading);
    }

    /** A paragraph. */
    public HtmlReport paragraph(String text) {
        return element("p", text);
    }

    /** Text as it stands, as a command to repeat. */
    public HtmlReport code(String text) {
        return element("pre", text);
    }

    private HtmlReport element(String tag, String text) {
        body.append('<')
                .append(tag)
                .append('>')
                .append(Markup.escape(text))
                .append("</")
                .append(tag)
                .append(">\n");
        return this;
    }

    /**
     * A table.
     *
     * @param header names of the columns, or none
     * @param rows of cells
     */
    public HtmlReport table(List<String> header, List<List<String>> rows) {
        body.append("<table>\n");
        if (!header.isEmpty()) {
            row("th", header);
        }
        for (List<String> row : rows) {
            row("td", row);
        }
        body.append("</table>\n");
        return this;
    }

    private void row(String tag, List<String> cells) {
        body.append("<tr>");
        for (String cell : cells) {
            body.append('<')
                    .append(tag)
                    .append('>')
                    .append(Markup.escape(cell))
                    .append("</")
                    .append(tag)
                    .append('>');
        }
        body.append("</tr>\n");
    }

    /** A chart with a caption. */
    public HtmlReport chart(Svg chart, String caption) {
        return figure(chart.markup(), caption);
    }

    /** A PNG picture with a caption. */
    public HtmlReport png(byte[] picture, String caption) {
        return picture("image/png", picture, caption);
    }

    /** A GIF picture with a caption. */
    public HtmlReport gif(byte[] picture, String caption) {
        return picture("image/gif", picture, caption);
    }

    private HtmlReport picture(String type, byte[] bytes, String caption) {
        String data = Base64.getEncoder().encodeToString(bytes);
        return figure(
                "<img alt=\"" + Markup.escape(caption) + "\" src=\"data:" + type + ";base64," + data + "\">", caption);
    }

    private HtmlReport figure(String content, String caption) {
        body.append("<figure>")
                .append(content)
                .append("<figcaption>")
                .append(Markup.escape(caption))
                .append("</figcaption></figure>\n");
        return this;
    }

    /** The page. */
    public String html() {
        return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                + "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
                + "<meta name=\"viewport\" content=\"width=device-width\"><title>" + Markup.escape(title)
                + "</title><style>" + STYLE
                + "</style></head>\n<body>\n<h1>" + Markup.escape(title) + "</h1>\n" + body + "</body></html>\n";
    }

    /** Writes the page. */
    public void write(Output output) throws IOException {
        byte[] bytes = html().getBytes(StandardCharsets.UTF_8);
        try (AtomicFile file = AtomicFile.create(output)) {
            file.write(bytes);
            file.publish();
        }
    }
}
