package org.tweedie.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.tweedie.io.Malformed.LIMITS;
import static org.tweedie.io.Malformed.assertMalformed;
import static org.tweedie.io.Malformed.golden;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NpzTest {
    private static final byte[] ARRAY = NpyFormat.encode(Table.of(NpyTest.FLOATS, 2));

    @TempDir
    Path folder;

    private static Npz open(byte[] bytes) {
        return Npz.of("a.npz", bytes, LIMITS);
    }

    /** Opens and reads every array. */
    private static void readAll(byte[] bytes) {
        try (Npz npz = open(bytes)) {
            for (String name : npz.names()) {
                npz.read(name);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"stored.npz", "deflated.npz", "piped.npz"})
    void readsWhatNumpyWrote(String name) throws Exception {
        try (Npz npz = open(golden(name))) {
            assertEquals(List.of("data", "labels"), npz.names());
            assertArrayEquals(NpyTest.FLOATS, npz.read("data").data());
            assertArrayEquals(NpyTest.WHOLE, npz.read("labels.npy").data());
            assertTrue(assertThrows(IllegalArgumentException.class, npz::only)
                    .getMessage()
                    .contains("as a.npz:data (data, labels)"));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> npz.read("z"))
                    .getMessage()
                    .contains("no array \"z\"; it holds data, labels"));
        }
    }

    @Test
    void readsWhatJavaWroteWithDescriptors() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry("x.npy"));
            zip.write(ARRAY);
        }
        try (Npz npz = open(bytes.toByteArray())) {
            assertArrayEquals(NpyTest.FLOATS, npz.read(npz.only()).data());
        }
    }

    @Test
    void whatIsWrittenComesBackAndIsAZipFile() throws Exception {
        Path file = folder.resolve("b.npz");
        Map<String, Table> tables = new LinkedHashMap<>();
        tables.put("first", Table.of(NpyTest.FLOATS, 2));
        tables.put("dir/second", Table.of(NpyTest.WHOLE, 3));
        Npz.write(Output.to(file), tables);
        try (Npz npz = Npz.open(file, LIMITS)) {
            assertEquals(List.of("first", "dir/second"), npz.names());
            assertArrayEquals(NpyTest.FLOATS, npz.read("first").data());
            assertEquals(3, npz.read("dir/second").columns());
        }
        try (ZipFile zip = new ZipFile(file.toFile())) { // another reader agrees, Zip64 fields and all
            assertArrayEquals(
                    ARRAY, zip.getInputStream(zip.getEntry("first.npy")).readAllBytes());
            assertEquals(2, zip.size());
        }
        byte[] once = Files.readAllBytes(file);
        Npz.write(Output.to(file).replacing(), tables);
        assertArrayEquals(once, Files.readAllBytes(file));
    }

    @Test
    void tablesAreChosenByTheFileName() throws Exception {
        Path file = Files.write(folder.resolve("c.npz"), golden("stored.npz"));
        assertArrayEquals(
                NpyTest.WHOLE, Table.read(file + ":labels", List.of(), LIMITS).data());
        assertArrayEquals(
                new float[] {-2, 0, 2},
                Table.read(file + ":labels", List.of("2"), LIMITS).data());
        assertThrows(IllegalArgumentException.class, () -> Table.read(file.toString(), List.of(), LIMITS));
        assertThrows(IllegalArgumentException.class, () -> Table.read(file + ":labels", List.of("3"), LIMITS));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Table.read("a.parquet", List.of(), LIMITS))
                .getMessage()
                .contains(".npy"));
    }

    @Test
    void theWriterMindsItsCaller() throws Exception {
        try (NpzWriter writer = NpzWriter.open(Output.to(folder.resolve("d.npz")))) {
            assertThrows(IllegalStateException.class, () -> writer.write(new float[1], 0, 1));
            assertThrows(IllegalArgumentException.class, () -> writer.array("../ä", 1, 1));
            writer.array("a", 1, 1);
            assertThrows(IllegalStateException.class, () -> writer.array("b", 1, 1));
            writer.write(new float[1], 0, 1);
            assertThrows(IllegalArgumentException.class, () -> writer.array("a", 1, 1));
        }
        try (NpzWriter writer = NpzWriter.open(Output.to(folder.resolve("d.npz")))) {
            assertThrows(IllegalStateException.class, writer::finish);
        }
        try (var files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
    }

    /** Zip files with every field open to a lie. */
    private static final class Zip {
        String name = "x.npy";
        String localName = "x.npy";
        byte[] data = ARRAY;
        int flags;
        int method;
        int localMethod;
        long crc;
        long localCrc;
        long size = ARRAY.length;
        long packed = ARRAY.length;
        long localSize = ARRAY.length;
        int copies = 1;
        byte[] gap = {};
        byte[] after = {};
        byte[] extra = {};
        byte[] tail = {};
        int disk;
        int entries = 1;
        long directoryShift;
        int comment;

        Zip() {
            CRC32 sum = new CRC32();
            sum.update(ARRAY);
            crc = sum.getValue();
            localCrc = crc;
        }

        byte[] bytes() {
            ByteBuffer out = ByteBuffer.allocate(4000).order(ByteOrder.LITTLE_ENDIAN);
            List<Integer> offsets = new ArrayList<>();
            for (int i = 0; i < copies; i++) {
                offsets.add(out.position());
                out.putInt(ZipDirectory.LOCAL)
                        .putShort((short) 20)
                        .putShort((short) flags)
                        .putShort((short) localMethod)
                        .putInt(0);
                out.putInt((int) localCrc).putInt((int) packed).putInt((int) localSize);
                out.putShort((short) localName.length())
                        .putShort((short) 0)
                        .put(localName.getBytes())
                        .put(data)
                        .put(gap);
            }
            int directory = out.position();
            for (int i = 0; i < copies; i++) {
                out.putInt(ZipDirectory.CENTRAL)
                        .putInt(20 | 20 << 16)
                        .putShort((short) flags)
                        .putShort((short) method)
                        .putInt(0);
                out.putInt((int) crc)
                        .putInt((int) packed)
                        .putInt((int) size)
                        .putShort((short) name.length())
                        .putShort((short) extra.length);
                out.putShort((short) 0)
                        .putShort((short) disk)
                        .putShort((short) 0)
                        .putInt(0)
                        .putInt(offsets.get(i))
                        .put(name.getBytes())
                        .put(extra);
            }
            out.put(after);
            int length = out.position() - directory;
            out.putInt(ZipDirectory.END)
                    .putInt(0)
                    .putShort((short) (entries * copies))
                    .putShort((short) (entries * copies));
            out.putInt(length)
                    .putInt((int) (directory + directoryShift))
                    .putShort((short) comment)
                    .put(tail);
            return java.util.Arrays.copyOf(out.array(), out.position());
        }
    }

    private interface Lie {
        void tell(Zip zip);
    }

    private static void assertRefused(String place, String fault, Lie lie) {
        Zip zip = new Zip();
        lie.tell(zip);
        byte[] bytes = zip.bytes();
        assertMalformed("a.npz", place, fault, () -> readAll(bytes));
    }

    @Test
    void theHandmadeFileIsValid() {
        readAll(new Zip().bytes());
    }

    @Test
    void refusesEveryLieInTheDirectory() {
        assertMalformed("a.npz", "file", "not a ZIP file: 3 bytes", () -> readAll(new byte[3]));
        assertMalformed("a.npz", "end", "not a ZIP file, or data after it", () -> readAll(new byte[30]));
        assertRefused("end", "or data after it", zip -> zip.tail = new byte[1]);
        assertRefused("end", "a comment", zip -> zip.comment = 5);
        assertRefused("end", "does not lie just before", zip -> zip.directoryShift = 1);
        assertRefused("end", "the archive is empty", zip -> zip.entries = 0);
        assertRefused("end", "Zip64 locator is absent", zip -> {
            zip.entries = 0xffff;
            zip.gap = new byte[100];
        });
        assertRefused("end", "60000 entries, above the limit of 10000", zip -> zip.entries = 60000);
        assertRefused("directory entry 2", "the directory ends too early", zip -> zip.entries = 2);
        assertRefused("directory", "4 bytes after the last entry", zip -> zip.after = new byte[4]);
        assertRefused("directory entry 1", "is not made of 1 to 255", zip -> zip.name = "x\n.npy");
        assertRefused("entry x.npy", "occurs twice", zip -> zip.copies = 2);
        assertRefused("entry x.npy", "several files", zip -> zip.disk = 1);
        assertRefused("entry x.npy", "extra fields are malformed", zip -> zip.extra = new byte[] {1, 0, 9, 0});
        assertRefused("entry x.npy", "two Zip64 fields", zip -> zip.extra = new byte[] {1, 0, 0, 0, 1, 0, 0, 0});
        assertRefused("entry x.npy", "Zip64 field is absent", zip -> zip.size = 0xffffffffL);
        assertRefused("entry x.npy", "is encrypted", zip -> zip.flags = 1);
        assertRefused("entry x.npy", "unknown flags 0x2000", zip -> zip.flags = 0x2000);
        assertRefused("entry x.npy", "compression method 12 is not read", zip -> zip.method = 12);
        assertRefused("entry x.npy", "does not match the directory", zip -> zip.localMethod = 8);
        assertRefused("entry x.npy", "sizes contradict", zip -> zip.size = 5);
        assertRefused("entry x.npy", "another name", zip -> zip.localName = "y.npy");
        assertRefused("entry x.npy", "local sizes or checksum", zip -> zip.localCrc = 1);
        assertRefused("entry x.npy", "local sizes or checksum", zip -> zip.localSize = 1);
        assertRefused("entry x.npy", "local sizes or checksum", zip -> zip.gap = new byte[7]);
        assertRefused("entry x.npy", "local sizes or checksum", zip -> zip.flags = 8); // no descriptor there
        assertRefused("entry x.npy", "runs into what follows", zip -> {
            zip.packed += 4;
            zip.size += 4;
            zip.localSize += 4;
        });
        assertRefused("entry x.npy", "checksum is", zip -> {
            zip.crc ^= 1;
            zip.localCrc ^= 1;
        });
    }

    @Test
    void refusesOverlapsAndGaps() {
        byte[] bytes = golden("stored.npz");
        ByteBuffer zip = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int second = zip.getInt(bytes.length - 6) + 46 + 8; // the second directory entry, after "data.npy"
        assertEquals(ZipDirectory.CENTRAL, zip.getInt(second));
        zip.putInt(second + 42, 0);
        assertMalformed("a.npz", "entry data.npy", "overlaps what follows it", () -> readAll(bytes));
        zip.putInt(second + 42, 211);
        assertMalformed("a.npz", "entry data.npy", "local sizes or checksum", () -> readAll(bytes));
        zip.putInt(second + 42, 210);
        readAll(bytes);
        zip.putInt(second - 54 + 42, 1);
        assertMalformed(
                "a.npz",
                "entry data.npy",
                "starts at byte 1, expected 0: entries overlap or leave a gap",
                () -> readAll(bytes));
    }

    @Test
    void refusesTwoSpellingsOfOneName() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry("x"));
            zip.putNextEntry(new ZipEntry("x.npy"));
        }
        assertMalformed("a.npz", "entry x.npy", "with and without .npy", () -> readAll(bytes.toByteArray()));
    }

    private static byte[] deflate(byte[] data) {
        Deflater deflater = new Deflater(9, true);
        deflater.setInput(data);
        deflater.finish();
        byte[] out = new byte[data.length + 100];
        int count = deflater.deflate(out);
        deflater.end();
        return java.util.Arrays.copyOf(out, count);
    }

    private static void deflated(Zip zip, byte[] packed) {
        zip.data = packed;
        zip.packed = packed.length;
        zip.method = 8;
        zip.localMethod = 8;
    }

    @Test
    void refusesEveryLieOfADeflatedEntry() {
        byte[] packed = deflate(ARRAY);
        Zip good = new Zip();
        deflated(good, packed);
        readAll(good.bytes());
        assertRefused("entry x.npy", "unpacks to 152 bytes, 153 announced", zip -> {
            deflated(zip, packed);
            zip.size++;
            zip.localSize++;
        });
        assertRefused("entry x.npy", "unpacks to more than the 151 bytes", zip -> {
            deflated(zip, packed);
            zip.size--;
            zip.localSize--;
        });
        assertRefused(
                "entry x.npy",
                "or has data after its end",
                zip -> deflated(zip, java.util.Arrays.copyOf(packed, packed.length + 3)));
        assertRefused("entry x.npy", "deflated data are corrupt", zip -> {
            byte[] bad = packed.clone();
            bad[0] = 7; // block type 3
            deflated(zip, bad);
        });
    }

    @Test
    void refusesBombsBeforeUnpackingThem() throws Throwable {
        Lie bomb = zip -> {
            deflated(zip, deflate(ARRAY));
            zip.size = 1 << 30;
            zip.localSize = zip.size;
        };
        long bytes = Malformed.allocated(() -> assertRefused("entry x.npy", "inflates more than 200:1", bomb));
        assertTrue(bytes < 1 << 20, bytes + " bytes allocated");
        byte[] two = golden("stored.npz");
        assertMalformed(
                "a.npz",
                "entry labels.npy",
                "the entries inflate to more than 200 bytes",
                () -> Npz.of("a.npz", two, LIMITS.withInflated(200)));
    }

    @Test
    void faultsOfAnArrayNameItsEntry() {
        byte[] bytes = new Zip().bytes();
        assertMalformed(
                "a.npz:x.npy",
                "header",
                "above the memory budget of 8 bytes",
                () -> Npz.of("a.npz", bytes, LIMITS.withMemory(8)).read("x"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"stored.npz", "deflated.npz", "piped.npz"})
    void survivesDamage(String name) {
        Malformed.cutAtEveryByte(golden(name), NpzTest::readAll);
        Malformed.mutate(golden(name), name.length(), NpzTest::readAll);
    }
}
