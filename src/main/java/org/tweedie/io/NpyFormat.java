package org.tweedie.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The NPY header, read by a literal parser that knows just the dictionary numpy writes, and written as numpy writes it. */
final class NpyFormat {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final String PLACE = "header";

    private NpyFormat() {}

    /** Reads and checks the header of an array that is {@code length} bytes long, header included. */
    static NpyHeader read(String name, InputStream in, long length, ReadLimits limits) throws IOException {
        byte[] start = exactly(name, in, 8);
        for (int i = 0; i < MAGIC.length; i++) {
            if (start[i] != MAGIC[i]) {
                throw new MalformedFileException(
                        name, "byte " + i, "not an NPY file: it does not start with \\x93NUMPY");
            }
        }
        int major = start[6] & 0xff;
        int minor = start[7] & 0xff;
        if (major < 1 || major > 3 || minor != 0) {
            throw new MalformedFileException(
                    name, "byte 6", "NPY version " + major + "." + minor + " is not read; 1.0, 2.0 and 3.0 are");
        }
        byte[] size = exactly(name, in, major == 1 ? 2 : 4);
        long headerLength = 0;
        for (int i = size.length - 1; i >= 0; i--) {
            headerLength = headerLength << 8 | size[i] & 0xff;
        }
        if (headerLength > limits.npyHeader()) {
            throw new MalformedFileException(
                    name, "byte 8", "header of " + headerLength + " bytes, above the limit of " + limits.npyHeader());
        }
        byte[] text = exactly(name, in, (int) headerLength);
        String header = major == 3 ? Utf8.strict(text, name, PLACE) : new String(text, StandardCharsets.ISO_8859_1);
        NpyHeader parsed = new Parser(name, header, limits).parse(major, 8L + size.length + headerLength);
        long want = data(parsed, name);
        long have = length - parsed.offset();
        if (want != have) {
            throw new MalformedFileException(
                    name,
                    "data",
                    "shape " + shape(parsed.shape()) + " of " + parsed.dtype() + " needs " + want
                            + " bytes, the file has " + have);
        }
        return parsed;
    }

    /** The header numpy writes for row-major little-endian floats: 128 bytes, with room for any number of rows. */
    static byte[] header(long rows, int columns) {
        String dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + rows + ", " + columns + "), }";
        byte[] bytes = new byte[128];
        java.util.Arrays.fill(bytes, (byte) ' ');
        System.arraycopy(MAGIC, 0, bytes, 0, 6);
        bytes[6] = 1;
        bytes[7] = 0;
        bytes[8] = 118;
        bytes[9] = 0;
        byte[] text = dictionary.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, bytes, 10, text.length);
        bytes[127] = '\n';
        return bytes;
    }

    private static byte[] exactly(String name, InputStream in, int count) throws IOException {
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw new MalformedFileException(name, PLACE, "the file ends within the header");
        }
        return bytes;
    }

    private static long data(NpyHeader header, String name) {
        try {
            long bytes = header.type().bytes();
            for (long extent : header.shape()) {
                bytes = Math.multiplyExact(bytes, extent);
            }
            return bytes;
        } catch (ArithmeticException e) {
            throw new MalformedFileException(
                    name, PLACE, "shape " + shape(header.shape()) + " is beyond 2^63 bytes", e);
        }
    }

    static String shape(List<Long> extents) {
        return extents.size() == 1
                ? "(" + extents.get(0) + ",)"
                : extents.toString().replace('[', '(').replace(']', ')');
    }

    /** A literal {@code {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }} and nothing else. */
    private static final class Parser {
        private final String name;
        private final String text;
        private final ReadLimits limits;
        private int at;

        Parser(String name, String text, ReadLimits limits) {
            this.name = name;
            this.text = text;
            this.limits = limits;
        }

        NpyHeader parse(int major, long offset) {
            String dtype = "";
            Boolean fortran = null;
            List<Long> shape = null;
            expect('{');
            while (!accept('}')) {
                String key = string();
                expect(':');
                switch (key) {
                    case "descr" -> {
                        once(key, dtype.isEmpty());
                        dtype = dtype();
                    }
                    case "fortran_order" -> {
                        once(key, fortran == null);
                        fortran = bool();
                    }
                    case "shape" -> {
                        once(key, shape == null);
                        shape = tuple();
                    }
                    default -> throw fault("unknown key " + Shown.quoted(key));
                }
                if (!accept(',')) {
                    expect('}');
                    break;
                }
            }
            blank();
            if (at != text.length()) {
                throw fault("text after the dictionary");
            }
            if (dtype.isEmpty() || fortran == null || shape == null) {
                throw fault("one of the keys descr, fortran_order and shape is absent");
            }
            return checked(new NpyHeader(major, dtype, fortran, shape, offset));
        }

        private NpyHeader checked(NpyHeader header) {
            String refusal = NpyType.refusal(header.dtype());
            if (!refusal.isEmpty()) {
                throw new MalformedFileException(name, PLACE, refusal);
            }
            List<Long> shape = header.shape();
            if (shape.isEmpty()) {
                throw new MalformedFileException(name, PLACE, "a 0-dimensional array holds no rows");
            }
            if (shape.size() > 2) {
                throw new MalformedFileException(
                        name,
                        PLACE,
                        "shape " + shape(shape) + " has more than two dimensions; reshape it to (rows, columns)");
            }
            if (shape.get(0) == 0) {
                throw new MalformedFileException(name, PLACE, "shape " + shape(shape) + " has no rows");
            }
            if (shape.size() == 2 && shape.get(1) == 0) {
                throw new MalformedFileException(name, PLACE, "shape " + shape(shape) + " has no columns");
            }
            if (shape.size() == 2 && shape.get(1) > limits.columns()) {
                throw new MalformedFileException(
                        name, PLACE, shape.get(1) + " columns, above the limit of " + limits.columns());
            }
            return header;
        }

        private void once(String key, boolean first) {
            if (!first) {
                throw fault("key " + Shown.quoted(key) + " occurs twice");
            }
        }

        private String dtype() {
            blank();
            if (at < text.length() && text.charAt(at) == '[') {
                throw new MalformedFileException(
                        name, PLACE, "structured dtypes are not read; save each field as an array of its own");
            }
            String dtype = string();
            if (dtype.isEmpty()) {
                throw fault("empty descr");
            }
            return dtype;
        }

        private boolean bool() {
            blank();
            for (String word : List.of("True", "False")) {
                if (text.startsWith(word, at)) {
                    at += word.length();
                    return word.equals("True");
                }
            }
            throw fault("expected True or False");
        }

        private List<Long> tuple() {
            List<Long> extents = new ArrayList<>();
            expect('(');
            while (!accept(')')) {
                extents.add(integer());
                if (extents.size() > limits.rank()) {
                    throw fault("more than " + limits.rank() + " dimensions");
                }
                if (!accept(',')) {
                    if (extents.size() == 1) {
                        throw fault("expected ','");
                    }
                    expect(')');
                    break;
                }
            }
            return extents;
        }

        private long integer() {
            blank();
            int from = at;
            long value = 0;
            while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
                if (at - from == 18) {
                    throw fault("number above 10^18");
                }
                value = 10 * value + text.charAt(at++) - '0';
            }
            if (at == from) {
                throw fault("expected a whole number");
            }
            if (at < text.length() && text.charAt(at) == 'L') {
                at++; // written by Python 2
            }
            return value;
        }

        private String string() {
            blank();
            char quote = at < text.length() ? text.charAt(at) : 0;
            int end = quote == '\'' || quote == '"' ? text.indexOf(quote, at + 1) : -1;
            if (end < 0) {
                throw fault("expected a quoted string");
            }
            String value = text.substring(at + 1, end);
            if (value.indexOf('\\') >= 0) {
                throw fault("escapes are not read");
            }
            at = end + 1;
            return value;
        }

        private boolean accept(char wanted) {
            blank();
            if (at < text.length() && text.charAt(at) == wanted) {
                at++;
                return true;
            }
            return false;
        }

        private void expect(char wanted) {
            if (!accept(wanted)) {
                throw fault("expected '" + wanted + "'");
            }
        }

        private void blank() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
        }

        private MalformedFileException fault(String fault) {
            return new MalformedFileException(name, PLACE + ", character " + (at + 1), fault);
        }
    }

    /** For tests and callers that need an array in memory. */
    static byte[] encode(Table table) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(header(table.rows(), table.columns()));
        out.writeBytes(Floats.little(table.data(), 0, table.data().length));
        return out.toByteArray();
    }
}
