package org.tweedie.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.tweedie.io.Malformed.assertMalformed;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {
    @Test
    void writesAsItComes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (Json json = Json.to(out)) {
            json.object()
                    .field("a", "ü\"\n")
                    .field("n", 5L)
                    .field("x", 0.1)
                    .field("bad", Double.NaN)
                    .field("yes", true);
            json.array("list")
                    .value(1L)
                    .value(2.5)
                    .value(Double.POSITIVE_INFINITY)
                    .value("s")
                    .object()
                    .end()
                    .end();
            json.object("inner").field("k", -0.0).end().end();
            json.object().end().flush();
        }
        assertEquals(
                "{\"a\":\"ü\\\"\\n\",\"n\":5,\"x\":0.1,\"bad\":null,\"yes\":true,\"list\":[1,2.5,null,\"s\",{}],\"inner\":{\"k\":-0.0}}\n{}",
                out.toString(StandardCharsets.UTF_8));
    }

    @Test
    void flatObjectsAndArraysComeBack() {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("z", "1");
        fields.put("a", "\\ \u0001 😀");
        assertEquals(
                List.copyOf(fields.entrySet()),
                List.copyOf(Json.readObject(Json.object(fields), "f", "p").entrySet()));
        assertEquals(List.of("", "b,\""), Json.readArray(Json.array(List.of("", "b,\"")), "f", "p"));
        assertMalformed("f", "p", "is not a JSON object", () -> Json.readObject("[]", "f", "p"));
        assertMalformed("f", "p", "is not a JSON object", () -> Json.readObject("", "f", "p"));
        assertMalformed("f", "p", "\"a\" is not a string", () -> Json.readObject("{\"a\":1}", "f", "p"));
        assertMalformed("f", "p", "Duplicate field", () -> Json.readObject("{\"a\":\"\",\"a\":\"\"}", "f", "p"));
        assertMalformed("f", "p", "text after", () -> Json.readObject("{} {}", "f", "p"));
        assertMalformed("f", "p", "array of strings", () -> Json.readArray("[1]", "f", "p"));
        assertMalformed("f", "p", "is not a JSON array", () -> Json.readArray("{}", "f", "p"));
        Malformed.mutate(
                Json.object(fields).getBytes(StandardCharsets.UTF_8),
                3,
                bytes -> Json.readObject(new String(bytes, StandardCharsets.UTF_8), "f", "p"));
    }

    @Test
    void tablesCheckTheirShape() {
        assertThrows(IllegalArgumentException.class, () -> new Table(new float[3], 2, 2, List.of()));
        assertThrows(IllegalArgumentException.class, () -> new Table(new float[4], 2, 2, List.of("a")));
        assertThrows(IllegalArgumentException.class, () -> Table.of(new float[4], 0));
        Table table = new Table(new float[] {1, 2, 3, 4, 5, 6}, 3, 2, List.of("a", "b"));
        assertEquals(4, table.at(1, 1));
        assertThrows(IllegalArgumentException.class, () -> table.at(1, 2));
        assertEquals(List.of("b", "a"), table.select(List.of("2", "a")).names());
        assertEquals(6, table.slice(2, 3).at(0, 1));
        assertEquals(0, table.slice(3, 3).rows());
        assertThrows(IllegalArgumentException.class, () -> table.slice(2, 4));
        assertEquals("x2", Table.of(new float[2], 2).name(1));
        assertEquals("q", table.named(List.of("p", "q")).name(1));
        assertEquals(4, table.column(1)[1]);
    }

    /** FIPS 180-4's "abc", and a table's hash changes with each thing it covers. */
    @Test
    void hashesAreTheStandards() throws Exception {
        assertEquals("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", Sha256.of("abc"));
        Path file = java.nio.file.Files.createTempFile("sha", ".bin");
        java.nio.file.Files.write(file, "abc".getBytes(StandardCharsets.US_ASCII));
        assertEquals(Sha256.of("abc"), Sha256.of(file));
        java.nio.file.Files.delete(file);
        Table table = new Table(new float[] {1, 2, 3, 4}, 2, 2, List.of("a", "b"));
        java.util.Set<String> hashes = java.util.Set.of(
                Sha256.of(table),
                Sha256.of(table.named(List.of())),
                Sha256.of(table.named(List.of("a", "c"))),
                Sha256.of(Table.of(table.data(), 4)),
                Sha256.of(Table.of(new float[] {1, 2, 3, -4}, 2)));
        assertEquals(5, hashes.size());
    }

    @Test
    void limitsAreOnlyLowered() {
        assertThrows(IllegalArgumentException.class, () -> ReadLimits.defaults().withMemory(0));
        String message = assertThrows(
                        IllegalArgumentException.class, () -> new ReadLimits(1, 100_000_001, 1, 1, 1, 1, 1, 1, 1))
                .getMessage();
        assertEquals("safetensorsHeader must be within 1 and 100000000, got 100000001", message);
    }

    @Test
    void messagesAreOneLine() {
        assertEquals(
                "a\\u000ab: p: \\u001b[31mred\\ud800",
                new MalformedFileException("a\nb", "p", "\u001b[31mred\ud800").getMessage());
        assertEquals("1.5 GiB", Shown.bytes(3L << 29));
        assertEquals("1048575 bytes", Shown.bytes((1 << 20) - 1));
        assertEquals("1.0 MiB", Shown.bytes(1 << 20));
    }
}
