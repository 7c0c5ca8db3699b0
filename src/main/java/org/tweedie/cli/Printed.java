package org.tweedie.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.function.Consumer;
import org.tweedie.io.Json;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** What a command prints on standard output: text for people, or one JSON object with {@code --json}. */
final class Printed {
    @Option(names = "--json", description = "print one JSON object instead of text")
    boolean json;

    void print(CommandLine.Model.CommandSpec spec, String text, Consumer<Json> fields) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
            try (Json object = Json.to(bytes)) {
                object.object();
                fields.accept(object);
                object.end();
            }
            out.println(bytes.toString(java.nio.charset.StandardCharsets.UTF_8).strip());
        } else {
            out.println(text.stripTrailing());
        }
        out.flush();
    }

    static String lines(Consumer<PrintWriter> write) {
        StringWriter text = new StringWriter();
        write.accept(new PrintWriter(text));
        return text.toString();
    }
}
