package org.tweedie.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Decodes UTF-8, skipping a byte-order mark. A byte that is not UTF-8 becomes the lone surrogate U+DC00 + byte, which no
 * valid text contains, so that the fault is found in the cell it is in.
 */
final class Utf8Reader extends Reader {
    private final InputStream in;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    private final ByteBuffer bytes;
    private final CharBuffer chars;
    private boolean started;
    private boolean ended;
    private boolean suspect;

    /**
     * @param length bytes to come, so that small files get small buffers
     */
    Utf8Reader(InputStream in, long length) {
        this.in = in;
        int size = (int) Math.max(16, Math.min(1 << 16, length));
        this.bytes = ByteBuffer.allocate(size).flip();
        this.chars = CharBuffer.allocate(size).flip();
    }

    /** True once a NUL or a byte that is not UTF-8 was decoded. */
    boolean suspect() {
        return suspect;
    }

    /** What is wrong with a character of this reader, or nothing. */
    static String fault(char[] text, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            char c = text[i];
            if (c == 0) {
                return "NUL character";
            }
            if (Character.isSurrogate(c)) {
                if (Character.isHighSurrogate(c) && i + 1 < offset + length && Character.isLowSurrogate(text[i + 1])) {
                    i++;
                } else {
                    return String.format("byte 0x%02x is not UTF-8; save the file as UTF-8", c & 0xff);
                }
            }
        }
        return "";
    }

    @Override
    public int read(char[] into, int offset, int want) throws IOException {
        if (want == 0) {
            return 0;
        }
        while (!chars.hasRemaining()) {
            if (ended && !bytes.hasRemaining()) {
                return -1;
            }
            decode();
        }
        int count = Math.min(want, chars.remaining());
        chars.get(into, offset, count);
        return count;
    }

    private void decode() throws IOException {
        fill();
        if (!started) {
            started = true;
            int at = bytes.position();
            if (bytes.remaining() >= 3
                    && bytes.get(at) == (byte) 0xef
                    && bytes.get(at + 1) == (byte) 0xbb
                    && bytes.get(at + 2) == (byte) 0xbf) {
                bytes.position(at + 3);
            }
        }
        chars.clear();
        while (true) {
            CoderResult result = decoder.decode(bytes, chars, ended);
            if (!result.isError()) {
                break;
            }
            if (chars.remaining() < result.length()) {
                break; // the rest of the buffer is decoded again next time
            }
            for (int i = 0; i < result.length(); i++) {
                chars.put((char) (0xdc00 | bytes.get() & 0xff));
            }
            suspect = true;
        }
        chars.flip();
        for (int i = 0; !suspect && i < chars.limit(); i++) {
            suspect = chars.get(i) == 0;
        }
    }

    private void fill() throws IOException {
        bytes.compact();
        while (!ended && bytes.position() < 4) { // a whole character, or the end
            int got = in.read(bytes.array(), bytes.position(), bytes.remaining());
            if (got < 0) {
                ended = true;
            } else {
                bytes.position(bytes.position() + got);
            }
        }
        bytes.flip();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
