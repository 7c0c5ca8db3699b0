package org.tweedie.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A checkpoint in one file, little-endian:
 *
 * <pre>
 * 8 bytes   89 'T' 'W' 'D' 0d 0a 1a 0a
 * u32       version, now 1
 * u32       number of sections
 * u64       length of the file
 * each:     u16 length of the name, the name, u64 length of the section, SHA-256 of the section
 * sections, one after another
 * 32 bytes  SHA-256 of everything before
 * </pre>
 *
 * <p>Stateless.
 */
public final class CheckpointFile {
    /** The newest version that is read, and the one that is written. */
    public static final int VERSION = 1;

    private static final byte[] MAGIC = {(byte) 0x89, 'T', 'W', 'D', '\r', '\n', 0x1a, '\n'};
    private static final int HEAD = 24;
    private static final int HASH = 32;

    private record Section(String name, int length, byte[] hash) {}

    private CheckpointFile() {}

    /** Writes a checkpoint. */
    public static void write(Output output, Checkpoint checkpoint) throws IOException {
        Map<String, byte[]> sections = checkpoint.sections();
        byte[] head = head(sections);
        MessageDigest whole = Sha256.digest();
        try (AtomicFile file = AtomicFile.create(output)) {
            put(file, whole, head);
            for (byte[] section : sections.values()) {
                put(file, whole, section);
            }
            file.write(whole.digest());
            file.publish();
        }
    }

    private static void put(AtomicFile file, MessageDigest whole, byte[] bytes) throws IOException {
        whole.update(bytes);
        file.write(bytes);
    }

    private static byte[] head(Map<String, byte[]> sections) {
        int size = HEAD;
        for (String name : sections.keySet()) {
            size += 2 + name.length() + 8 + HASH;
        }
        long length = size + HASH;
        for (byte[] section : sections.values()) {
            length += section.length;
        }
        ByteBuffer head = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        head.put(MAGIC).putInt(VERSION).putInt(sections.size()).putLong(length);
        sections.forEach((name, bytes) -> {
            head.putShort((short) name.length())
                    .put(name.getBytes(StandardCharsets.US_ASCII))
                    .putLong(bytes.length);
            head.put(Sha256.digest().digest(bytes));
        });
        return head.array();
    }

    /** Reads and checks a checkpoint. */
    public static Checkpoint read(Path file, ReadLimits limits) throws IOException {
        try (Source source = Source.open(file)) {
            return read(source, limits);
        }
    }

    /** Reads a checkpoint that is in memory; the name is used in messages only. */
    public static Checkpoint read(String name, byte[] bytes, ReadLimits limits) {
        try (Source source = Source.of(name, bytes)) {
            return read(source, limits);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Checkpoint read(Source source, ReadLimits limits) throws IOException {
        String file = source.name();
        if (source.length() < HEAD + HASH) {
            throw new MalformedFileException(file, "header", "not a checkpoint: " + source.length() + " bytes");
        }
        ByteBuffer head = source.buffer(0, HEAD);
        if (!Arrays.equals(head.array(), 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw new MalformedFileException(
                    file, "header", "not a checkpoint: it does not start with the bytes of one");
        }
        int version = head.getInt(8);
        if (version < 1 || version > VERSION) {
            throw new MalformedFileException(
                    file,
                    "header",
                    "format version " + Integer.toUnsignedString(version) + ", this program reads up to " + VERSION
                            + "; use a newer Tweedie");
        }
        int count = head.getInt(12);
        if (count < 0 || count > limits.entries()) {
            throw new MalformedFileException(
                    file,
                    "header",
                    Integer.toUnsignedString(count) + " sections, above the limit of " + limits.entries());
        }
        if (head.getLong(16) != source.length()) {
            throw new MalformedFileException(
                    file,
                    "header",
                    Long.toUnsignedString(head.getLong(16)) + " bytes announced, the file has " + source.length());
        }
        MessageDigest whole = Sha256.digest();
        whole.update(head.array());
        List<Section> table = new ArrayList<>();
        long at = table(source, count, table, whole, limits);
        Checkpoint checkpoint = new Checkpoint(file);
        for (Section section : table) {
            byte[] bytes = source.buffer(at, section.length()).array();
            if (!Arrays.equals(Sha256.digest().digest(bytes), section.hash())) {
                throw new MalformedFileException(
                        file, "section " + section.name(), "its SHA-256 differs: the bytes are damaged");
            }
            whole.update(bytes);
            checkpoint.put(section.name(), bytes);
            at += bytes.length;
        }
        if (!Arrays.equals(whole.digest(), source.buffer(at, HASH).array())) {
            throw new MalformedFileException(file, "file", "its SHA-256 differs: the bytes are damaged");
        }
        return checkpoint;
    }

    /** Reads the table of sections and checks that they fill the file; gives the offset of the first. */
    private static long table(Source source, int count, List<Section> table, MessageDigest whole, ReadLimits limits)
            throws IOException {
        String file = source.name();
        long at = HEAD;
        long total = 0;
        Set<String> names = new HashSet<>();
        for (int i = 1; i <= count; i++) {
            String place = "section " + i;
            ByteBuffer size = source.buffer(at, 2);
            int nameLength = size.getShort() & 0xffff;
            if (nameLength < 1 || nameLength > 255) {
                throw new MalformedFileException(file, place, "name of " + nameLength + " characters");
            }
            ByteBuffer line = source.buffer(at + 2, nameLength + 8 + HASH);
            String name = new String(line.array(), 0, nameLength, StandardCharsets.ISO_8859_1);
            if (!name.matches("[A-Za-z0-9_./-]+") || !names.add(name)) {
                throw new MalformedFileException(
                        file, place, "name " + Shown.quoted(name) + " is malformed or occurs twice");
            }
            long length = line.getLong(nameLength);
            if (length < 0 || length > source.length() - total) {
                throw new MalformedFileException(
                        file,
                        "section " + name,
                        Long.toUnsignedString(length) + " bytes announced, the file ends before");
            }
            if (length > Integer.MAX_VALUE - 8) {
                throw new MalformedFileException(file, "section " + name, "longer than 2 GiB");
            }
            total += length;
            byte[] hash = Arrays.copyOfRange(line.array(), nameLength + 8, nameLength + 8 + HASH);
            table.add(new Section(name, (int) length, hash));
            whole.update(size.array());
            whole.update(line.array());
            at += 2 + nameLength + 8 + HASH;
        }
        if (total != source.length() - HASH - at) {
            throw new MalformedFileException(
                    file, "sections", total + " bytes announced, the file has " + (source.length() - HASH - at));
        }
        limits.afford(total, file, "sections");
        return at;
    }
}
