package org.tweedie.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Named sections of bytes: the state of a run. Filled with {@code put}, asked with the others; a section that was read from
 * a file and does not hold what is asked for is that file's fault. Not thread safe.
 */
public final class Checkpoint {
    private final String file;
    private final Map<String, byte[]> sections = new LinkedHashMap<>();

    /** An empty checkpoint, to be filled. */
    public Checkpoint() {
        this("checkpoint");
    }

    Checkpoint(String file) {
        this.file = file;
    }

    /**
     * Adds a section of bytes, not copied.
     *
     * @param name 1 to 255 of A-Z a-z 0-9 _ . / -, not used before
     */
    public Checkpoint put(String name, byte[] bytes) {
        if (!name.matches("[A-Za-z0-9_./-]{1,255}")) {
            throw new IllegalArgumentException(
                    "section name " + Shown.quoted(name) + " is not made of 1 to 255 of A-Z a-z 0-9 _ . / -");
        }
        if (sections.putIfAbsent(name, bytes) != null) {
            throw new IllegalArgumentException("section " + name + " is put twice");
        }
        return this;
    }

    /** Adds 32-bit floats. */
    public Checkpoint put(String name, float[] values) {
        return put(name, Floats.little(values, 0, values.length));
    }

    /** Adds 64-bit integers. */
    public Checkpoint put(String name, long... values) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.multiplyExact(8, values.length)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values);
        return put(name, bytes.array());
    }

    /** Adds 64-bit floats, to the bit. */
    public Checkpoint put(String name, double[] values) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.multiplyExact(8, values.length)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asDoubleBuffer().put(values);
        return put(name, bytes.array());
    }

    /** Adds names with values: settings, provenance. */
    public Checkpoint put(String name, Map<String, String> fields) {
        return put(name, Json.object(fields).getBytes(StandardCharsets.UTF_8));
    }

    /** The sections, in their order. */
    public Map<String, byte[]> sections() {
        return Collections.unmodifiableMap(sections);
    }

    /** True if there is a section of this name. */
    public boolean has(String name) {
        return sections.containsKey(name);
    }

    /**
     * A section's bytes, not copied.
     *
     * @throws MalformedFileException if it is absent
     */
    public byte[] bytes(String name) {
        byte[] bytes = sections.get(name);
        if (bytes == null) {
            throw fault(name, "is absent");
        }
        return bytes;
    }

    /**
     * A section's floats.
     *
     * @throws MalformedFileException if it is absent or does not hold {@code count} of them
     */
    public float[] floats(String name, int count) {
        byte[] bytes = sized(name, 4L * count);
        float[] values = new float[count];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }

    /**
     * A section's 64-bit integers.
     *
     * @throws MalformedFileException if it is absent or does not hold {@code count} of them
     */
    public long[] longs(String name, int count) {
        byte[] bytes = sized(name, 8L * count);
        long[] values = new long[count];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(values);
        return values;
    }

    /**
     * A section's 64-bit floats.
     *
     * @throws MalformedFileException if it is absent or does not hold {@code count} of them
     */
    public double[] doubles(String name, int count) {
        byte[] bytes = sized(name, 8L * count);
        double[] values = new double[count];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values);
        return values;
    }

    /** A section's names with values. */
    public Map<String, String> fields(String name) {
        return Json.readObject(Utf8.strict(bytes(name), file, place(name)), file, place(name));
    }

    private byte[] sized(String name, long want) {
        byte[] bytes = bytes(name);
        if (bytes.length != want) {
            throw fault(name, "has " + bytes.length + " bytes, expected " + want);
        }
        return bytes;
    }

    private MalformedFileException fault(String name, String fault) {
        return new MalformedFileException(file, place(name), fault);
    }

    private static String place(String name) {
        return "section " + Shown.line(name);
    }
}
