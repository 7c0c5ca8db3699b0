package org.tweedie.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.tweedie.io.Safetensors;
import org.tweedie.io.Sha256;
import picocli.CommandLine;

/** The command line in this process, with what it printed. */
final class Cli {
    private Cli() {}

    /** @param words a command line, cut at blanks */
    record Ran(String words, int code, String out, String err) {
        Ran ok() {
            assertEquals(0, code, toString());
            return this;
        }

        Map<String, Object> json() throws IOException {
            ok();
            try (JsonParser in = new JsonFactory().createParser(out)) {
                assertEquals(JsonToken.START_OBJECT, in.nextToken(), out);
                Map<String, Object> object = Cli.object(in);
                assertEquals(null, in.nextToken(), "one object and no more: " + out);
                return object;
            }
        }

        /** That it failed as it should: the code, one line on standard error with these words in it, nothing else. */
        void failed(int expected, String... said) {
            assertEquals(expected, code, toString());
            assertEquals("", out, toString());
            assertEquals(1, err.lines().count(), toString());
            assertTrue(err.startsWith("tweedie: ") && !err.contains("Exception"), toString());
            for (String word : said) {
                assertTrue(err.contains(word), () -> "'" + word + "' is not in: " + this);
            }
        }
    }

    static Ran run(String words) {
        return runAll(List.of(words.split(" +")));
    }

    static Ran runAll(List<String> arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Main.commandLine();
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(err));
        int code = line.execute(arguments.toArray(String[]::new));
        return new Ran(String.join(" ", arguments), code, out.toString(), err.toString());
    }

    /** Names and hashes of all files below a folder; folders have the hash "folder". */
    static Map<String, String> snapshot(Path folder) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.toList()) {
                files.put(folder.relativize(file).toString(), Files.isRegularFile(file) ? Sha256.of(file) : "folder");
            }
        }
        return files;
    }

    /** Numbers in the tensors of a safetensors file whose names begin so. */
    static long numbers(Path file, String beginning) throws IOException {
        try (Safetensors opened = Safetensors.open(file)) {
            return opened.tensors().stream()
                    .filter(tensor -> tensor.name().startsWith(beginning))
                    .mapToLong(tensor -> tensor.shape().stream().reduce(1L, (a, b) -> a * b))
                    .sum();
        }
    }

    private static Map<String, Object> object(JsonParser in) throws IOException {
        Map<String, Object> fields = new LinkedHashMap<>();
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String name = in.currentName();
            in.nextToken();
            assertEquals(null, fields.put(name, value(in)), "twice: " + name);
        }
        assertEquals(JsonToken.END_OBJECT, in.currentToken());
        return fields;
    }

    private static Object value(JsonParser in) throws IOException {
        return switch (in.currentToken()) {
            case START_OBJECT -> object(in);
            case START_ARRAY -> {
                List<Object> values = new ArrayList<>();
                while (in.nextToken() != JsonToken.END_ARRAY) {
                    values.add(value(in));
                }
                yield values;
            }
            case VALUE_STRING -> in.getText();
            case VALUE_NUMBER_INT -> in.getLongValue();
            case VALUE_NUMBER_FLOAT -> in.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> throw new IOException("not expected: " + in.currentToken());
        };
    }
}
