package org.tweedie.io;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** Bytes with a name and a length: a file, or an array. Reading beyond the end is the file's fault. */
final class Source implements Closeable {
    private final String name;
    private final long length;
    private final @Nullable FileChannel channel;
    private final byte[] bytes;

    private Source(String name, long length, @Nullable FileChannel channel, byte[] bytes) {
        this.name = name;
        this.length = length;
        this.channel = channel;
        this.bytes = bytes;
    }

    static Source open(Path file) throws IOException {
        String name = file.toString();
        if (!Files.exists(file)) {
            throw new MalformedFileException(name, "file", "does not exist");
        }
        if (!Files.isRegularFile(file)) {
            throw new MalformedFileException(
                    name, "file", Files.isDirectory(file) ? "is a directory" : "is not a regular file");
        }
        if (!Files.isReadable(file)) {
            throw new MalformedFileException(name, "file", "may not be read by this user");
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            return new Source(name, channel.size(), channel, new byte[0]);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    static Source of(String name, byte[] bytes) {
        return new Source(name, bytes.length, null, bytes);
    }

    String name() {
        return name;
    }

    long length() {
        return length;
    }

    /** Fills the range, or says where the file ended. */
    void read(long position, byte[] into, int offset, int count) throws IOException {
        if (position < 0 || position > length - count) {
            throw ended();
        }
        if (channel == null) {
            System.arraycopy(bytes, (int) position, into, offset, count);
            return;
        }
        ByteBuffer buffer = ByteBuffer.wrap(into, offset, count);
        long at = position;
        while (buffer.hasRemaining()) {
            int got = channel.read(buffer, at);
            if (got < 0) {
                throw ended(); // shorter than it was when opened
            }
            at += got;
        }
    }

    /** A little-endian buffer of the range. */
    ByteBuffer buffer(long position, int count) throws IOException {
        if (position < 0 || position > length - count) {
            throw ended();
        }
        byte[] range = new byte[count];
        read(position, range, 0, count);
        return ByteBuffer.wrap(range).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The bytes of a range, which must lie within the file, as a stream. */
    InputStream stream(long position, long count) {
        return new InputStream() {
            private long at = position;

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
                int piece = (int) Math.min(want, position + count - at);
                if (piece <= 0) {
                    return -1;
                }
                Source.this.read(at, into, offset, piece);
                at += piece;
                return piece;
            }
        };
    }

    private MalformedFileException ended() {
        return new MalformedFileException(name, "byte " + length, "the file ends too early");
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
        }
    }
}
