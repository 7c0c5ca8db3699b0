package org.tweedie.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.tweedie.io.Malformed.LIMITS;
import static org.tweedie.io.Malformed.assertMalformed;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CsvTest {
    @TempDir
    Path folder;

    private static Table read(String text, String... columns) {
        return read(text, CsvOptions.defaults().withColumns(List.of(columns)));
    }

    private static Table read(String text, CsvOptions options) {
        return Csv.read("a.csv", text.getBytes(StandardCharsets.UTF_8), options, LIMITS);
    }

    private static void readBytes(byte[] bytes) {
        Csv.read("a.csv", bytes, CsvOptions.defaults(), LIMITS);
    }

    private static void assertRefused(String text, String place, String fault) {
        assertMalformed("a.csv", place, fault, () -> read(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1,2\n3,4\n",
                "1,2\n3,4",
                "1,2\r\n3,4\r\n",
                "1,2\r3,4",
                "\ufeff1,2\n3,4\n",
                "# a comment, with\n1,2\n#another \"\n3,4\n",
                "\n1,2\n\n3,4\n\n",
                "\"1\",\"2\"\n\"3\",4\n",
                " 1 ,\t2\n3, 4\n",
                "1.0,2e0\n+3,400e-2\n"
            })
    void readsNumbersInEverySpelling(String text) {
        Table table = read(text);
        assertEquals(2, table.rows());
        assertArrayEquals(new float[] {1, 2, 3, 4}, table.data());
        assertEquals(List.of(), table.names());
    }

    @Test
    void takesNamesFromAHeader() {
        Table table = read("# c\n\"a,\"\"b\"\"\", größe \r\n1,2\r\n");
        assertEquals(List.of("a,\"b\"", "größe"), table.names());
        assertArrayEquals(new float[] {1, 2}, table.data());
        assertEquals("größe", read("\ufeffgröße\n1\n").name(0));
    }

    @Test
    void choosesColumnsByNameOrNumber() {
        String text = "id,x,y\nrow one,1,2\n,3,4\n";
        Table table = read(text, "y", "2");
        assertArrayEquals(new float[] {2, 1, 4, 3}, table.data());
        assertEquals(List.of("y", "x"), table.names());
        assertArrayEquals(
                new float[] {2, 4}, read("a,1,2\nb,3,4\n", "3").data()); // no header: the chosen cell is a number
        assertArrayEquals(
                new float[] {9},
                read(
                                "2,1\n5,9\n",
                                CsvOptions.defaults()
                                        .withHeader(CsvOptions.Header.PRESENT)
                                        .withColumns(List.of("1")))
                        .data());
        String absent = assertThrows(IllegalArgumentException.class, () -> read(text, "z"))
                .getMessage();
        assertEquals("there is no column \"z\"; there are 3: id, x, y", absent);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> read("1,2\n", "3"))
                .getMessage()
                .contains("there are 2, numbered from 1"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> read(text, "x", "2"))
                .getMessage()
                .contains("chosen twice"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> read("x,x\n1,2\n", "x"))
                .getMessage()
                .contains("more than once"));
    }

    @Test
    void theHeaderRuleCanBeGiven() {
        CsvOptions options = CsvOptions.defaults();
        assertEquals(
                List.of("1", "2"),
                read("1,2\n3,4\n", options.withHeader(CsvOptions.Header.PRESENT))
                        .names());
        assertMalformed(
                "a.csv",
                "row 1, column 1 (line 1)",
                "\"a\" is not a number",
                () -> read("a,b\n1,2\n", options.withHeader(CsvOptions.Header.ABSENT)));
        assertArrayEquals(
                new float[] {1, 2}, read("1;2", options.withSeparator(';')).data());
        assertThrows(IllegalArgumentException.class, () -> options.withSeparator('#'));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a,b;1,2;3 | row 2, column 2 `b` (line 3) | missing cell: the row has 1, the rows before have 2",
                "1,2;3,4,5 | row 2, column 3 (line 2) | one cell too many: the rows before have 2",
                "lat,lon;1,2;#c;3,x | row 2, column 2 `lon` (line 4) | `x` is not a number",
                "1,2;3, | row 2, column 2 (line 2) | empty cell",
                "1,2;nan,3 | row 2, column 1 (line 2) | NaN",
                "nan,2 | row 1, column 1 (line 1) | NaN",
                "1,2;3,-inf | row 2, column 2 (line 2) | infinity",
                "1,2;3,1e40 | row 2, column 2 (line 2) | `1e40` is beyond the range of a 32-bit float",
                "1,x | row 1, column 2 (line 1) | is not a number (the first row mixes numbers and text",
                "1,2;3,\"4 | row 2, column 2 (line 2) | unclosed quote",
                "1,2;\"3\"x,4 | row 2, column 1 (line 2) | text after a closing quote",
                "1,2;3,4~ | row 2, column 2 (line 2) | NUL character",
                "a,b~;3,4 | row 1, column 2 (line 1) | NUL character",
                "1,2;#~;3,4 | comment (line 2) | NUL character",
                "`` | row 1, column 1 | no rows: the file is empty",
                "#only;; | row 1, column 1 | no rows: the file is empty",
                "a,b | row 1, column 1 | no rows: the file has a header only",
                "1 2;3 4 | row 1, column 1 (line 1) | no rows"
            })
    void namesRowColumnAndFault(String text, String place, String fault) {
        if (text.equals("1 2;3 4")) { // looks like a header of one column; the next row tells
            assertRefused(
                    "1 2\n3 4\n",
                    "row 1, column 1 \"1 2\" (line 2)",
                    "\"3 4\" is not a number; columns are separated by ','");
            return;
        }
        assertRefused(text.replace(';', '\n').replace('~', '\0'), place.replace('`', '"'), fault.replace('`', '"'));
    }

    @Test
    void namesTheCellThatIsNotUtf8() {
        byte[] bytes = "x,größe\n1,2\n".getBytes(StandardCharsets.ISO_8859_1);
        assertMalformed("a.csv", "row 1, column 2 (line 1)", "byte 0xf6 is not UTF-8", () -> readBytes(bytes));
        byte[] cut = "1,2\n3,€".getBytes(StandardCharsets.UTF_8);
        assertMalformed(
                "a.csv",
                "row 2, column 2 (line 2)",
                "byte 0xe2 is not UTF-8",
                () -> readBytes(java.util.Arrays.copyOf(cut, cut.length - 1)));
        byte[] surrogate = {'1', '\n', (byte) 0xed, (byte) 0xa0, (byte) 0x80};
        assertMalformed("a.csv", "row 2, column 1 (line 2)", "byte 0xed is not UTF-8", () -> readBytes(surrogate));
        byte[] utf16 = "1,2\n3,4\n".getBytes(StandardCharsets.UTF_16);
        assertMalformed("a.csv", "row 1, column 1 (line 1)", "byte 0xfe is not UTF-8", () -> readBytes(utf16));
    }

    @Test
    void textOfTheFileIsShortenedAndOnOneLine() {
        assertRefused("1\n\"" + "x\n".repeat(100) + "\"\n", "row 2, column 1 (line 2)", "\"x\\u000ax");
    }

    @Test
    void decodesAcrossBufferEnds() throws Exception {
        StringBuilder text = new StringBuilder();
        while (text.length() < 200_000) {
            text.append("aé€😀");
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        for (int piece : new int[] {1, 3, 1021}) {
            var trickle = new ByteArrayInputStream(bytes) {
                @Override
                public int read(byte[] into, int offset, int want) {
                    return super.read(into, offset, Math.min(want, piece));
                }
            };
            StringBuilder got = new StringBuilder();
            char[] buffer = new char[777];
            try (Utf8Reader reader = new Utf8Reader(trickle, piece == 3 ? 20 : bytes.length)) {
                for (int count = reader.read(buffer, 0, 777); count >= 0; count = reader.read(buffer, 0, 777)) {
                    got.append(buffer, 0, count);
                }
                assertTrue(!reader.suspect());
            }
            assertTrue(text.toString().contentEquals(got));
        }
    }

    @Test
    void limitsHold() throws Throwable {
        assertRefused("1,".repeat(16_384) + "1\n", "row 1, column 16385 (line 1)", "more than 16384 columns");
        String quote = "1,\"" + "y".repeat(3 << 20);
        assertRefused(quote, "row 1, column 2 (line 1)", "unclosed quote");
        byte[] large = "1\n".repeat(1_000_000).getBytes(StandardCharsets.US_ASCII);
        assertMalformed(
                "a.csv",
                "row 524289, column 1 (line 524289)",
                "above the memory budget of 4.0 MiB",
                () -> Csv.read("a.csv", large, CsvOptions.defaults(), LIMITS.withMemory(4 << 20)));
        assertEquals(
                1_000_000,
                Csv.read("a.csv", large, CsvOptions.defaults(), LIMITS).rows());
    }

    @Test
    void whatIsWrittenComesBack() throws Exception {
        Path file = folder.resolve("b.csv");
        List<String> names = List.of("plain", "with,comma", "say \"hi\"", "#hash", " blank ", "");
        float[] values = {0.1f, -0f, 1e-30f, 3.4028235e38f, 7, 1f / 3, 1, 2, 3, 4, 5, 6e7f};
        try (RowWriter writer = RowWriter.open(Output.to(file), 2, names, Map.of())) {
            writer.write(values, 0, 2);
            writer.finish();
        }
        assertEquals(
                "plain,\"with,comma\",\"say \"\"hi\"\"\",\"#hash\",\" blank \",\"\"\n"
                        + "0.1,-0,1e-30,3.4028235e38,7,0.33333334\n1,2,3,4,5,6e7\n",
                Files.readString(file));
        Table back = Csv.read(file);
        assertArrayEquals(values, back.data());
        assertEquals(List.of("plain", "with,comma", "say \"hi\"", "#hash", "blank", ""), back.names());
    }

    @Test
    void manyRowsAreWrittenInPieces() throws Exception {
        Path file = folder.resolve("c.csv");
        int rows = 40_000;
        float[] values = new float[2 * rows];
        java.util.Random random = new java.util.Random(3);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        try (CsvWriter writer = CsvWriter.openBare(Output.to(file), rows, 2)) {
            writer.write(values, 0, 1);
            writer.write(values, 2, rows - 1);
            writer.finish();
        }
        assertArrayEquals(values, Csv.read(file).data());
    }

    @ParameterizedTest
    @CsvSource({
        "earth/quakes_all.csv, 6120, 2, LATITUDE",
        "earth/volerup.csv, 827, 2, Latitude",
        "pines/pines.csv, 126, 3, ''",
        "bayes-logistic/ionosphere.csv, 351, 35, y",
        "bayes-logistic/sonar.csv, 208, 61, y",
        "bayes-logistic/seeds.csv, 21, 4, r"
    })
    void readsRealFiles(String name, int rows, int columns, String first) throws Exception {
        Path file = Path.of(System.getProperty("tweedie.data", "../shared/data"), name);
        assumeTrue(Files.exists(file), "no " + file + "; set -Dtweedie.data to the folder of the real data");
        Table table = Csv.read(file);
        assertEquals(rows, table.rows());
        assertEquals(columns, table.columns());
        assertEquals(first, table.name(0));
        if (name.endsWith("pines.csv")) {
            Table points = Table.read(file.toString(), List.of("data_x", "data_y"), LIMITS);
            assertEquals(List.of("data_x", "data_y"), points.names());
            assertArrayEquals(
                    new float[] {0.3006125f, 0.89297642f}, points.slice(0, 1).data());
        }
        if (name.startsWith("earth")) {
            for (int row = 0; row < rows; row++) {
                assertTrue(Math.abs(table.at(row, 0)) <= 90 && Math.abs(table.at(row, 1)) <= 180, "row " + row);
            }
        }
    }

    @Test
    void filesThatAreNotCsvAreRefused() {
        for (String name : List.of("bayes-logistic/german.data-numeric", "bayes-logistic/breast_cancer.data")) {
            Path file = Path.of(System.getProperty("tweedie.data", "../shared/data"), name);
            assumeTrue(Files.exists(file), "no " + file + "; set -Dtweedie.data to the folder of the real data");
            MalformedFileException e = assertThrows(MalformedFileException.class, () -> Csv.read(file));
            assertTrue(e.fault().contains("columns are separated by ','"), e.getMessage());
        }
    }

    @Test
    void survivesDamage() {
        byte[] valid = "\ufeff# c\n\"a\",b\n1,-2.5e3\r\n\"3\",4\n0.1,7\n".getBytes(StandardCharsets.UTF_8);
        Malformed.cutAtEveryByte(valid, CsvTest::readBytes);
        Malformed.mutate(valid, 5, CsvTest::readBytes);
    }
}
