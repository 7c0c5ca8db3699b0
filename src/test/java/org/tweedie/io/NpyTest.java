package org.tweedie.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.tweedie.io.Malformed.LIMITS;
import static org.tweedie.io.Malformed.assertMalformed;
import static org.tweedie.io.Malformed.golden;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NpyTest {
    static final float[] FLOATS = {-2, -0.5f, 1, 2.5f, 4, 5.5f};
    static final float[] WHOLE = {-3, -2, -1, 0, 1, 2};

    @TempDir
    Path folder;

    private static Table read(byte[] bytes) {
        return Npy.read("a.npy", bytes, LIMITS);
    }

    /** A file with this header text and these bytes of data. */
    private static byte[] file(int major, String header, byte... data) {
        byte[] text = header.getBytes(major == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {
            (byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) major, 0, (byte) text.length, (byte) (text.length >> 8)
        });
        if (major > 1) {
            out.writeBytes(new byte[] {0, 0});
        }
        out.writeBytes(text);
        out.writeBytes(data);
        return out.toByteArray();
    }

    private static byte[] file(String dtype, String shape, byte... data) {
        return file(1, "{'descr': '" + dtype + "', 'fortran_order': False, 'shape': " + shape + ", }\n", data);
    }

    @ParameterizedTest
    @ValueSource(strings = {"f4l_c", "f4l_f", "f4b_c", "f4b_f", "f8l_c", "f8l_f", "f8b_c", "f8b_f", "v2", "v3"})
    void readsWhatNumpyWroteOfFloats(String name) {
        Table table = read(golden(name + ".npy"));
        assertEquals(3, table.rows());
        assertEquals(2, table.columns());
        assertArrayEquals(FLOATS, table.data());
    }

    @ParameterizedTest
    @ValueSource(strings = {"i4l_c", "i4l_f", "i4b_c", "i4b_f", "i8l_c", "i8l_f", "i8b_c", "i8b_f"})
    void readsWhatNumpyWroteOfWholeNumbers(String name) {
        assertArrayEquals(WHOLE, read(golden(name + ".npy")).data());
    }

    @Test
    void aVectorIsOneColumn() {
        Table table = read(golden("vector.npy"));
        assertEquals(3, table.rows());
        assertEquals(1, table.columns());
        assertArrayEquals(new float[] {1, -2, 3.25f}, table.data());
    }

    @Test
    void writesTheBytesOfNumpy() throws Exception {
        Path file = folder.resolve("a.npy");
        Npy.write(Output.to(file), Table.of(FLOATS, 2));
        assertArrayEquals(golden("f4l_c.npy"), Files.readAllBytes(file));
    }

    @Test
    void headerHoldsTheLargestShape() {
        byte[] header = NpyFormat.header(Long.MAX_VALUE, Integer.MAX_VALUE);
        assertEquals(128, header.length);
        assertTrue(new String(header, 10, 118, StandardCharsets.US_ASCII).endsWith(" \n"));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 31, 1021, 16_385, 100_000})
    void rowsWrittenInPiecesComeBack(int rows) throws Exception {
        Path file = folder.resolve("b.npy");
        float[] values = new float[3 * rows];
        for (int i = 0; i < values.length; i++) {
            values[i] = i * 0.37f - 5;
        }
        try (RowWriter writer = RowWriter.open(Output.to(file), rows, List.of("a", "b", "c"), java.util.Map.of())) {
            int half = rows / 2;
            writer.write(values, 0, half);
            writer.write(values, 3 * half, rows - half);
            writer.finish();
        }
        assertArrayEquals(values, Npy.read(file).data());
        try (NpyRows back = Npy.rows(file, LIMITS)) {
            float[] some = new float[1 + 3];
            back.read(rows - 1, 1, some, 1);
            assertArrayEquals(
                    java.util.Arrays.copyOfRange(values, 3 * rows - 3, 3 * rows),
                    java.util.Arrays.copyOfRange(some, 1, 4));
            assertThrows(IllegalArgumentException.class, () -> back.read(rows, 1, some, 0));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"f4l_c", "f4b_f", "f8l_f", "f8b_c"})
    void rangesOfRowsAreTheRowsOfTheWhole(String name) throws Exception {
        Path file = Files.write(folder.resolve("c.npy"), golden(name + ".npy"));
        try (NpyRows rows = Npy.rows(file, LIMITS)) {
            for (int first = 0; first < 3; first++) {
                for (int count = 0; first + count <= 3; count++) {
                    float[] into = new float[6];
                    rows.read(first, count, into, 0);
                    for (int i = 0; i < 2 * count; i++) {
                        assertEquals(FLOATS[2 * first + i], into[i]);
                    }
                }
            }
        }
    }

    @Test
    void aWriterThatIsNotFinishedLeavesNothing() throws Exception {
        Path file = folder.resolve("d.npy");
        try (NpyWriter writer = NpyWriter.open(Output.to(file), 2, 3)) {
            writer.write(new float[3], 0, 1);
            assertThrows(IllegalStateException.class, writer::finish);
            assertThrows(IllegalArgumentException.class, () -> writer.write(new float[6], 0, 2));
        }
        try (var files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "float16.npy | dtype \"<f2\" is not read",
                "bool.npy | dtype \"|b1\" (bool) is not read",
                "complex.npy | dtype \"<c8\" (complex) is not read",
                "text.npy | dtype \"<U2\" (text) is not read",
                "objects.npy | dtype \"|O\" (Python objects) is never read",
                "structured.npy | structured dtypes are not read",
                "scalar.npy | a 0-dimensional array holds no rows",
                "no_rows.npy | shape (0, 2) has no rows",
                "cube.npy | shape (2, 2, 2) has more than two dimensions"
            })
    void refusesWhatHoldsNoTableOfNumbers(String name, String fault) {
        assertMalformed("a.npy", "header", fault, () -> read(golden(name)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "header, character 1 | 'descr': '<f4'} | expected '{'",
                "header, character 3 | {} | one of the keys",
                "header, character 10 | {'descr' '<f4'} | expected ':'",
                "header, character 26 | {'descr': '<f4', 'descr': '<f4'} | \"descr\" occurs twice",
                "header, character 10 | {'other': 1} | unknown key \"other\"",
                "header, character 19 | {'fortran_order': 1} | expected True or False",
                "header, character 13 | {'shape': (3)} | expected ','",
                "header, character 12 | {'shape': (-3,)} | whole number",
                "header, character 12 | {'shape': (x,)} | whole number",
                "header, character 30 | {'shape': (1234567890123456789,)} | number above 10^18",
                "header, character 11 | {'descr': <f4} | expected a quoted string",
                "header, character 11 | {'descr': '<f\\4'} | escapes",
                "header, character 61 | {'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), } x | text after the dictionary",
                "header | {'descr': '=f4', 'fortran_order': False, 'shape': (1, 2)} | dtype \"=f4\" is not read",
                "header | {'descr': 'float', 'fortran_order': False, 'shape': (1, 2)} | dtype \"float\" is not read",
                "header | {'descr': '<f4', 'fortran_order': False, 'shape': (1, 0)} | no columns",
                "header | {'descr': '<f4', 'fortran_order': False, 'shape': (1, 16385)} | above the limit of 16384",
                "header | {'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999, 16384)} | beyond 2^63 bytes",
                "data | {'descr': '<f4', 'fortran_order': False, 'shape': (999999999999, 2)} | needs 7999999999992 bytes, the file has 0",
            })
    void refusesOtherHeaders(String place, String header, String fault) {
        assertMalformed("a.npy", place, fault, () -> read(file(1, header)));
    }

    @Test
    void refusesWrongBeginnings() {
        assertMalformed(
                "a.npy",
                "byte 1",
                "not an NPY file",
                () -> read(new byte[] {(byte) 0x93, 'P', 'U', 'M', 'P', 'Y', 1, 0, 0, 0}));
        assertMalformed("a.npy", "byte 6", "NPY version 4.0 is not read", () -> read(file(4, "{}")));
        byte[] minor = file(1, "{}");
        minor[7] = 1;
        assertMalformed("a.npy", "byte 6", "NPY version 1.1 is not read", () -> read(minor));
        assertMalformed("a.npy", "header", "ends within the header", () -> read(new byte[0]));
        byte[] latin = file(3, "{'descr': '<f4'}");
        latin[14] = (byte) 0xff;
        assertMalformed("a.npy", "header", "is not UTF-8", () -> read(latin));
    }

    @Test
    void refusesALengthThatIsNotTheShapes() {
        assertMalformed(
                "a.npy",
                "data",
                "shape (1, 2) of <f4 needs 8 bytes, the file has 7",
                () -> read(file("<f4", "(1, 2)", new byte[7])));
        assertMalformed(
                "a.npy", "data", "needs 8 bytes, the file has 9", () -> read(file("<f4", "(1, 2)", new byte[9])));
    }

    @Test
    void refusesNumbersThatAreNone() {
        byte[] nan = golden("f4l_c.npy");
        ByteBuffer.wrap(nan).order(java.nio.ByteOrder.LITTLE_ENDIAN).putFloat(128 + 12, Float.NaN);
        assertMalformed("a.npy", "row 2, column 2", "NaN", () -> read(nan));
        byte[] fortran = golden("f8b_f.npy");
        ByteBuffer.wrap(fortran).putDouble(128 + 8 * 4, Double.NEGATIVE_INFINITY); // column 2, second of three rows
        assertMalformed("a.npy", "row 2, column 2", "infinity", () -> read(fortran));
        ByteBuffer.wrap(fortran).putDouble(128 + 8 * 4, 1e39);
        assertMalformed(
                "a.npy", "row 2, column 2", "1.0E39 is beyond the range of a 32-bit float", () -> read(fortran));
    }

    @Test
    void acceptsPythonTwoAndLooseSpacing() {
        Table table = read(file(
                1, "{\"shape\":(1L,2L),'descr':\"<f4\" , 'fortran_order':True}", new byte[] {0, 0, -128, 63, 0, 0, 0, 64
                }));
        assertArrayEquals(new float[] {1, 2}, table.data());
    }

    @Test
    void hugeHeadersAreRefusedUnread() {
        byte[] bytes = file(2, "{}");
        ByteBuffer.wrap(bytes).putInt(8, -1);
        assertMalformed("a.npy", "byte 8", "header of 4294967295 bytes, above the limit of 65536", () -> read(bytes));
    }

    @Test
    void aFileAboveTheBudgetIsRefusedUnread() throws Throwable {
        Path file = folder.resolve("sparse.npy");
        try (java.io.RandomAccessFile sparse = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            sparse.write(NpyFormat.header(1L << 28, 2));
            sparse.setLength(128 + (1L << 31));
        }
        long bytes = Malformed.allocated(() -> assertMalformed(
                file.toString(),
                "header",
                "needs 2.0 GiB, above the memory budget of 16.0 MiB",
                () -> Npy.read(file, LIMITS)));
        assertTrue(bytes < 4 << 20, bytes + " bytes allocated");
        try (NpyRows rows = Npy.rows(file, LIMITS)) { // by rows it can be read
            float[] last = {1, 1};
            rows.read((1L << 28) - 1, 1, last, 0);
            assertArrayEquals(new float[2], last);
        }
    }

    @Test
    void namesFilesThatCannotBeOpened() {
        Path absent = folder.resolve("absent.npy");
        assertMalformed(absent.toString(), "file", "does not exist", () -> Npy.read(absent));
        assertMalformed(folder.toString(), "file", "is a directory", () -> Npy.read(folder));
    }

    @ParameterizedTest
    @ValueSource(strings = {"f4l_c.npy", "i8b_f.npy", "v3.npy"})
    void survivesDamage(String name) {
        Malformed.cutAtEveryByte(golden(name), NpyTest::read);
        Malformed.mutate(golden(name), name.length(), NpyTest::read);
    }
}
