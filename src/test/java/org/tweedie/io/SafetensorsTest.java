package org.tweedie.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.tweedie.io.Malformed.LIMITS;
import static org.tweedie.io.Malformed.assertMalformed;
import static org.tweedie.io.Malformed.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
    private static final List<Tensor> REFERENCE = List.of(
            Tensor.f32("layer.0.weight", NpyTest.FLOATS, 3, 2),
            Tensor.f32("layer.0.bias", new float[] {0.5f, -0.25f}, 2),
            Tensor.f64("Zeta", new double[] {1, 2}, 2),
            new Tensor("half", Dtype.F16, List.of(5L), shorts(0x3e00, 0x8000, 0x7bff, 0x0001, 0x03ff)),
            Tensor.i64("steps", new long[] {12345678901L}),
            new Tensor("mask", Dtype.BOOL, List.of(3L), ByteBuffer.wrap(new byte[] {1, 0, 1})),
            Tensor.f32("empty", new float[0], 0, 4),
            new Tensor("grüße", Dtype.I32, List.of(1L), ByteBuffer.wrap(new byte[] {7, 0, 0, 0})));

    @TempDir
    Path folder;

    private static ByteBuffer shorts(int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            bytes.putShort((short) value);
        }
        return bytes.flip();
    }

    private static Safetensors open(byte[] bytes) {
        return Safetensors.of("m.safetensors", bytes, LIMITS);
    }

    /** A file with this header and so many bytes of data. */
    private static byte[] file(String header, int data) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + data)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .array();
    }

    private static void readAll(byte[] bytes) {
        try (Safetensors file = open(bytes)) {
            for (SafetensorsHeader.Entry entry : file.tensors()) {
                file.bytes(entry.name());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void writesTheBytesOfTheReferenceImplementation() throws Exception {
        Map<String, String> metadata = Map.of("format", "tweedie \"1\"\n");
        byte[] expected = golden("reference.safetensors");
        assertArrayEquals(expected, Safetensors.encode(metadata, REFERENCE));
        List<Tensor> reversed = new ArrayList<>(REFERENCE);
        Collections.reverse(reversed);
        Path file = folder.resolve("a.safetensors");
        Safetensors.write(Output.to(file), metadata, reversed);
        assertArrayEquals(expected, Files.readAllBytes(file));
    }

    @Test
    void readsTheReferenceFile() throws Exception {
        try (Safetensors file = open(golden("reference.safetensors"))) {
            assertEquals(Map.of("format", "tweedie \"1\"\n"), file.metadata());
            assertEquals(8, file.tensors().size());
            assertArrayEquals(NpyTest.FLOATS, file.floats("layer.0.weight"));
            assertEquals(List.of(3L, 2L), file.entry("layer.0.weight").shape());
            assertArrayEquals(new float[] {1, 2}, file.floats("Zeta"));
            assertArrayEquals(new double[] {1, 2}, file.doubles("Zeta"));
            assertArrayEquals(new float[] {1.5f, -0f, 65504, 0x1p-24f, 0x1.ff8p-15f}, file.floats("half"));
            assertArrayEquals(new long[] {12345678901L}, file.longs("steps"));
            assertArrayEquals(new byte[] {1, 0, 1}, file.bytes("mask"));
            assertEquals(0, file.floats("empty").length);
            assertTrue(file.has("grüße"));
            assertMalformed("m.safetensors", "tensor \"grüße\"", "is I32, not floats", () -> file.floats("grüße"));
            assertMalformed("m.safetensors", "tensor \"Zeta\"", "is F64, expected I64", () -> file.longs("Zeta"));
            assertMalformed("m.safetensors", "tensor \"none\"", "is absent", () -> file.floats("none"));
        }
    }

    /** All 65,536 halves against the value IEEE 754 gives them. */
    @Test
    void halvesAreExact() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            int exponent = bits >> 10 & 31;
            int fraction = bits & 1023;
            double magnitude = exponent == 31
                    ? fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN
                    : exponent == 0 ? fraction * 0x1p-24 : (1024 + fraction) * Math.scalb(1.0, exponent - 25);
            assertEquals((float) (bits >> 15 == 1 ? -magnitude : magnitude), Half.f16((short) bits));
            assertEquals(Float.intBitsToFloat(bits << 16), Half.bf16((short) bits));
        }
    }

    @Test
    void rowsAreWrittenInPieces() throws Exception {
        Path file = folder.resolve("b.safetensors");
        float[] values = new float[3 * 50_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = i - 0.5f;
        }
        try (RowWriter writer =
                RowWriter.open(Output.to(file), 50_000, List.of("a", "b", "ü\""), Map.of("seed", "7"))) {
            writer.write(values, 0, 20_000);
            writer.write(values, 60_000, 30_000);
            writer.finish();
        }
        try (Safetensors back = Safetensors.open(file)) {
            assertArrayEquals(values, back.floats("samples"));
            assertEquals("7", back.metadata().get("seed"));
            assertEquals(
                    List.of("a", "b", "ü\""),
                    Json.readArray(String.valueOf(back.metadata().get("columns")), "f", "columns"));
        }
        assertEquals(0, Files.size(file) % 8);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "4 | header | does not start with { |  [{}]",
                "0 | header | too short for {} | {",
                "0 | header | something other than spaces follows | {} ~",
                "0 | header, character 3 | Unrecognized token 'x' | {} x",
                "0 | header, character 4 | Unexpected character | {'a'}",
                "4 | header, character 114 | Duplicate field 'a' | {'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4]},                                                          'a':{}}",
                "4 | header, character 26 | Duplicate field 'dtype' | {'a':{'dtype':'U8','dtype':'U8'}}",
                "4 | tensor `a` | is not an object | {'a':4}",
                "4 | tensor `a` | unknown key `b` | {'a':{'b':4}}",
                "4 | tensor `a` | one of dtype, shape and data_offsets is absent | {'a':{'dtype':'U8','shape':[4]}}",
                "4 | tensor `a` | dtype is not a string | {'a':{'dtype':8,'shape':[4],'data_offsets':[0,4]}}",
                "4 | tensor `a` | dtype `Q8` is not known | {'a':{'dtype':'Q8','shape':[4],'data_offsets':[0,4]}}",
                "4 | tensor `a` shape | is not an array | {'a':{'dtype':'U8','shape':4,'data_offsets':[0,4]}}",
                "4 | tensor `a` shape | other than whole numbers | {'a':{'dtype':'U8','shape':[-4],'data_offsets':[0,4]}}",
                "4 | tensor `a` shape | other than whole numbers | {'a':{'dtype':'U8','shape':[4.0],'data_offsets':[0,4]}}",
                "4 | tensor `a` shape | other than whole numbers | {'a':{'dtype':'U8','shape':['4'],'data_offsets':[0,4]}}",
                "4 | tensor `a` shape | more than 16 numbers | {'a':{'dtype':'U8','shape':[4,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],'data_offsets':[0,4]}}",
                "4 | tensor `a` | data_offsets are not two numbers | {'a':{'dtype':'U8','shape':[4],'data_offsets':[4]}}",
                "4 | tensor `a` data_offsets | more than 2 numbers | {'a':{'dtype':'U8','shape':[4],'data_offsets':[0,4,4]}}",
                "4 | tensor `a` | end before they begin | {'a':{'dtype':'U8','shape':[4],'data_offsets':[4,0]}}",
                "4 | tensor `a` | lie beyond the 4 bytes of data | {'a':{'dtype':'U8','shape':[5],'data_offsets':[0,5]}}",
                "4 | tensor `a` | shape [3] of U8 needs 3 bytes, data_offsets [0, 4] span 4 | {'a':{'dtype':'U8','shape':[3],'data_offsets':[0,4]}}",
                "4 | tensor `a` | beyond 2^63 bytes | {'a':{'dtype':'U8','shape':[4294967296,4294967296],'data_offsets':[0,4]}}",
                "4 | tensor `a` | begins at byte 1 of the data, expected 0 | {'a':{'dtype':'U8','shape':[3],'data_offsets':[1,4]}}",
                "4 | tensor `b` | begins at byte 1 of the data, expected 2 | {'b':{'dtype':'U8','shape':[3],'data_offsets':[1,4]},'a':{'dtype':'U8','shape':[2],'data_offsets':[0,2]}}",
                "4 | data | 1 bytes after the last tensor | {'a':{'dtype':'U8','shape':[3],'data_offsets':[0,3]}}",
                "4 | data | 4 bytes after the last tensor | {}",
                "0 | tensor `` | has an empty name | {'':{}}",
                "0 | __metadata__ | is not an object of strings | {'__metadata__':[]}",
                "0 | __metadata__ | the value of `a` is not a string | {'__metadata__':{'a':1}}",
                "0 | header, character 8 | Broken surrogate pair in field name | {'\\ud800':{}}",
                "0 | __metadata__ | has a lone surrogate | {'__metadata__':{'a':'\\ud800'}}",
                "0 | header, character 8 | surrogate | {'\\udc00':{}}",
            })
    void refusesEveryOtherHeader(int data, String place, String fault, String header) {
        String json = header.replace('\'', '"').replace("{} ~", "{} \n");
        String quoted = fault.contains("'") ? fault : fault.replace('`', '"');
        assertMalformed("m.safetensors", place.replace('`', '"'), quoted, () -> readAll(file(json, data)));
    }

    @Test
    void refusesHeadersThatAreTooDeepOrNotUtf8() {
        MalformedFileException deep =
                assertThrows(MalformedFileException.class, () -> readAll(file("{\"a\":{\"shape\":[[[[1]]]]}}", 0)));
        assertTrue(
                deep.place().startsWith("tensor \"a\" shape") || deep.fault().contains("nesting"), deep.getMessage());
        byte[] latin = file("{\"a\":{}}", 0);
        latin[10] = (byte) 0xe4;
        assertMalformed("m.safetensors", "header", "is not UTF-8", () -> readAll(latin));
        MalformedFileException number = assertThrows(
                MalformedFileException.class, () -> readAll(file("{\"a\":{\"shape\":[99999999999999999999]}}", 0)));
        assertTrue(number.place().startsWith("header, character"), number.getMessage());
        assertFalse(number.fault().isEmpty());
    }

    @Test
    void refusesLengthsOfTheHeaderThatCannotBe() throws Throwable {
        assertMalformed("m.safetensors", "header", "not a safetensors file: 7 bytes", () -> open(new byte[7]));
        byte[] bytes = file("{}", 0);
        ByteBuffer length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        length.putLong(0, 3);
        assertMalformed(
                "m.safetensors",
                "header",
                "header of 3 bytes in a file of 10: the file ends too early",
                () -> open(bytes));
        length.putLong(0, 16_000_001);
        long spent = Malformed.allocated(() -> assertMalformed(
                "m.safetensors", "header", "16000001 bytes, above the limit of 16000000", () -> open(bytes)));
        assertTrue(spent < 1 << 20, spent + " bytes allocated");
        length.putLong(0, -1);
        assertMalformed("m.safetensors", "header", "header of 18446744073709551615 bytes", () -> open(bytes));
    }

    @Test
    void acceptsAnyOrderOfTheHeaderAndTrailingSpaces() throws Exception {
        String header = "{\"b\":{\"data_offsets\":[2,4],\"shape\":[2],\"dtype\":\"I8\"},\"__metadata__\":{\"k\":\"\"},"
                + "\"a\":{\"dtype\":\"U8\",\"shape\":[1,2],\"data_offsets\":[0,2]}}   ";
        try (Safetensors file = open(file(header, 4))) {
            assertEquals(
                    List.of("a", "b"),
                    file.tensors().stream().map(SafetensorsHeader.Entry::name).toList());
            assertEquals(Map.of("k", ""), file.metadata());
        }
    }

    @Test
    void tooManyTensorsAreRefused() {
        StringBuilder header = new StringBuilder("{\"t\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}");
        for (int i = 0; i < 100; i++) {
            header.append(",\"").append(i).append("\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}");
        }
        byte[] bytes = file(header.append('}').toString(), 0);
        ReadLimits few = new ReadLimits(1 << 20, 16_000_000, 100, 16, 65_536, 10_000, 1 << 20, 200, 16_384);
        assertEquals(101, open(bytes).tensors().size());
        assertMalformed(
                "m.safetensors",
                "tensor \"99\"",
                "more than 100 tensors",
                () -> Safetensors.of("m.safetensors", bytes, few));
    }

    @Test
    void tensorsAboveTheBudgetAreRefusedUnread() throws Throwable {
        Path path = folder.resolve("sparse.safetensors");
        try (java.io.RandomAccessFile sparse = new java.io.RandomAccessFile(path.toFile(), "rw")) {
            byte[] header = SafetensorsWriter.header(
                    Map.of(),
                    List.of(
                            new SafetensorsWriter.Slot("big", Dtype.F32, List.of(1L << 28)),
                            new SafetensorsWriter.Slot("huge", Dtype.U8, List.of(1L << 32))));
            sparse.write(header);
            sparse.setLength(header.length + (1L << 30) + (1L << 32));
        }
        try (Safetensors file = Safetensors.open(path, LIMITS)) {
            long spent = Malformed.allocated(() -> {
                assertMalformed(
                        path.toString(),
                        "tensor \"big\"",
                        "needs 1.0 GiB, above the memory budget",
                        () -> file.floats("big"));
                assertMalformed(path.toString(), "tensor \"huge\"", "needs 4.0 GiB", () -> file.bytes("huge"));
            });
            assertTrue(spent < 1 << 20, spent + " bytes allocated");
        }
    }

    @Test
    void theWriterMindsItsCaller() {
        Tensor one = Tensor.f32("a", new float[1], 1);
        assertThrows(IllegalArgumentException.class, () -> Tensor.f32("a", new float[1], 2));
        assertThrows(IllegalArgumentException.class, () -> Tensor.f32("a", new float[1], -1));
        assertThrows(IllegalArgumentException.class, () -> Safetensors.encode(Map.of(), List.of(one, one)));
        assertThrows(
                IllegalArgumentException.class,
                () -> Safetensors.encode(Map.of(), List.of(Tensor.f32("", new float[1], 1))));
        assertThrows(
                IllegalArgumentException.class,
                () -> Safetensors.encode(Map.of(), List.of(Tensor.f32("__metadata__", new float[1], 1))));
        assertThrows(IllegalArgumentException.class, () -> Safetensors.encode(Map.of("a", "\ud800"), List.of(one)));
    }

    @Test
    void survivesDamage() {
        byte[] valid = golden("reference.safetensors");
        Malformed.cutAtEveryByte(valid, SafetensorsTest::readAll);
        Malformed.mutate(valid, 1, SafetensorsTest::readAll);
        Malformed.mutate(
                file("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4),
                2,
                SafetensorsTest::readAll);
    }
}
