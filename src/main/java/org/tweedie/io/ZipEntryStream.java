package org.tweedie.io;

import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** The unpacked bytes of one entry: exactly as many as announced, then a check of the sum. */
final class ZipEntryStream extends InputStream {
    private final Source source;
    private final ZipDirectory.Entry entry;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 crc = new CRC32();
    private final byte[] packed;
    private long packedRead;
    private long unpacked;

    ZipEntryStream(Source source, ZipDirectory.Entry entry) {
        this.source = source;
        this.entry = entry;
        this.packed = new byte[entry.deflated() ? 1 << 16 : 0];
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int want) throws IOException {
        if (want == 0) {
            return 0;
        }
        int most = (int) Math.min(want, entry.size() - unpacked);
        if (most == 0) {
            return -1;
        }
        int got = entry.deflated() ? inflate(into, offset, most) : stored(into, offset, most);
        if (got == 0) {
            throw fault("unpacks to " + unpacked + " bytes, " + entry.size() + " announced");
        }
        crc.update(into, offset, got);
        unpacked += got;
        return got;
    }

    private int stored(byte[] into, int offset, int count) throws IOException {
        source.read(entry.data() + unpacked, into, offset, count);
        return count;
    }

    private int inflate(byte[] into, int offset, int count) throws IOException {
        try {
            while (true) {
                int got = inflater.inflate(into, offset, count);
                if (got > 0 || inflater.finished()) {
                    return got;
                }
                if (!inflater.needsInput() || packedRead == entry.packed()) {
                    return 0;
                }
                int piece = (int) Math.min(packed.length, entry.packed() - packedRead);
                source.read(entry.data() + packedRead, packed, 0, piece);
                packedRead += piece;
                inflater.setInput(packed, 0, piece);
            }
        } catch (DataFormatException e) {
            throw new MalformedFileException(source.name(), place(), "its deflated data are corrupt", e);
        }
    }

    /** Reads what is left and checks length and checksum. */
    void finish() throws IOException {
        byte[] rest = new byte[1 << 13];
        while (read(rest, 0, rest.length) >= 0) {
            continue; // the checksum covers every byte
        }
        if (entry.deflated()) {
            int more = inflate(rest, 0, 1);
            if (more > 0 || !inflater.finished() || packedRead != entry.packed() || inflater.getRemaining() > 0) {
                throw fault("unpacks to more than the " + entry.size() + " bytes announced, or has data after its end");
            }
        }
        if (crc.getValue() != entry.crc()) {
            throw fault(String.format("checksum is %08x, %08x announced", crc.getValue(), entry.crc()));
        }
    }

    private String place() {
        return "entry " + entry.name();
    }

    private MalformedFileException fault(String fault) {
        return new MalformedFileException(source.name(), place(), fault);
    }

    @Override
    public void close() {
        inflater.end();
    }
}
