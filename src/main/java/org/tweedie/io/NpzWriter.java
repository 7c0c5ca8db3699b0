package org.tweedie.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Writes an NPZ file of stored arrays of 32-bit floats, one after another, in bounded memory. The same arrays give the same
 * bytes: the time in the archive is 1980-01-01. Each entry carries Zip64 sizes, so no array is too long. For one thread.
 */
public final class NpzWriter implements RowWriter {
    private static final int FULL = -1;
    private static final short VERSION = 45;
    private static final short DATE = 0x21;
    private static final int LOCAL_FIXED = 30;

    private record Written(byte[] name, long crc, long size, long local) {}

    private final AtomicFile file;
    private final List<Written> entries = new ArrayList<>();
    private final CRC32 crc = new CRC32();
    private @Nullable RowCount count;
    private byte[] name = new byte[0];
    private long local;

    private NpzWriter(AtomicFile file) {
        this.file = file;
    }

    /** Starts a file; {@link #array} starts each array. */
    public static NpzWriter open(Output output) throws IOException {
        return new NpzWriter(AtomicFile.create(output));
    }

    /** Starts a file of one array. */
    static NpzWriter single(Output output, String name, long rows, int columns) throws IOException {
        NpzWriter writer = open(output);
        try {
            writer.array(name, rows, columns);
            return writer;
        } catch (IOException | RuntimeException e) {
            writer.close();
            throw e;
        }
    }

    /**
     * Starts the next array; the one before must be complete.
     *
     * @param arrayName 1 to 251 of A-Z a-z 0-9 _ . / -, not used before
     */
    public void array(String arrayName, long rows, int columns) throws IOException {
        if (!arrayName.matches("[A-Za-z0-9_./-]{1,251}")) {
            throw new IllegalArgumentException(
                    "array name " + Shown.quoted(arrayName) + " is not made of 1 to 251 of A-Z a-z 0-9 _ . / -");
        }
        endArray();
        byte[] bytes = (arrayName + ".npy").getBytes(StandardCharsets.US_ASCII);
        if (entries.stream().anyMatch(entry -> java.util.Arrays.equals(entry.name(), bytes))) {
            throw new IllegalArgumentException("array name " + Shown.quoted(arrayName) + " is used twice");
        }
        name = bytes;
        count = new RowCount(rows, columns);
        local = file.position();
        file.write(localHeader(name, 0, 0));
        crc.reset();
        put(NpyFormat.header(rows, columns));
    }

    @Override
    public void write(float[] values, int offset, int rows) throws IOException {
        if (count == null) {
            throw new IllegalStateException("no array was started");
        }
        int values32 = count.add(values, offset, rows);
        for (int done = 0; done < values32; done += Floats.CHUNK) {
            put(Floats.little(values, offset + done, Math.min(Floats.CHUNK, values32 - done)));
        }
    }

    private void put(byte[] bytes) throws IOException {
        crc.update(bytes);
        file.write(bytes);
    }

    private void endArray() throws IOException {
        if (count == null) {
            return;
        }
        count.complete();
        byte[] header = localHeader(name, 0, 0);
        long size = file.position() - local - header.length;
        file.overwrite(local, localHeader(name, crc.getValue(), size));
        entries.add(new Written(name, crc.getValue(), size, local));
        count = null;
    }

    private static byte[] localHeader(byte[] name, long crc, long size) {
        ByteBuffer header = little(LOCAL_FIXED + name.length + 20);
        header.putInt(ZipDirectory.LOCAL).putShort(VERSION).putShort((short) 0).putShort((short) 0);
        header.putShort((short) 0).putShort(DATE).putInt((int) crc).putInt(FULL).putInt(FULL);
        header.putShort((short) name.length).putShort((short) 20).put(name);
        header.putShort((short) 1).putShort((short) 16).putLong(size).putLong(size);
        return header.array();
    }

    @Override
    public void finish() throws IOException {
        endArray();
        if (entries.isEmpty()) {
            throw new IllegalStateException("no array was written; the file is not published");
        }
        long directory = file.position();
        for (Written entry : entries) {
            ByteBuffer central = little(46 + entry.name().length + 28);
            central.putInt(ZipDirectory.CENTRAL)
                    .putShort((short) (3 << 8 | VERSION))
                    .putShort(VERSION)
                    .putShort((short) 0);
            central.putShort((short) 0)
                    .putShort((short) 0)
                    .putShort(DATE)
                    .putInt((int) entry.crc())
                    .putInt(FULL)
                    .putInt(FULL);
            central.putShort((short) entry.name().length)
                    .putShort((short) 28)
                    .putShort((short) 0)
                    .putShort((short) 0);
            central.putShort((short) 0).putInt(0100644 << 16).putInt(FULL).put(entry.name());
            central.putShort((short) 1)
                    .putShort((short) 24)
                    .putLong(entry.size())
                    .putLong(entry.size())
                    .putLong(entry.local());
            file.write(central.array());
        }
        long size = file.position() - directory;
        ByteBuffer end = little(56 + 20 + 22);
        end.putInt(ZipDirectory.END64)
                .putLong(44)
                .putShort(VERSION)
                .putShort(VERSION)
                .putInt(0)
                .putInt(0);
        end.putLong(entries.size()).putLong(entries.size()).putLong(size).putLong(directory);
        end.putInt(ZipDirectory.LOCATOR64).putInt(0).putLong(directory + size).putInt(1);
        end.putInt(ZipDirectory.END).putShort((short) 0).putShort((short) 0);
        end.putShort((short) Math.min(entries.size(), 0xffff)).putShort((short) Math.min(entries.size(), 0xffff));
        end.putInt(FULL).putInt(FULL).putShort((short) 0);
        file.write(end.array());
        file.publish();
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
