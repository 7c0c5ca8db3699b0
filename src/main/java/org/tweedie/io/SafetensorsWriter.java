package org.tweedie.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes one tensor of rows in bounded memory, and the header of any file as the reference implementation lays it out:
 * metadata first and sorted, tensors by dtype (widest first) and name, padded with spaces to a multiple of 8 bytes. For one thread.
 */
public final class SafetensorsWriter implements RowWriter {
    /** A tensor's line in the header. */
    record Slot(String name, Dtype dtype, List<Long> shape) {
        static Slot of(Tensor tensor) {
            return new Slot(tensor.name(), tensor.dtype(), tensor.shape());
        }
    }

    private final AtomicFile file;
    private final RowCount count;

    private SafetensorsWriter(AtomicFile file, RowCount count) {
        this.file = file;
        this.count = count;
    }

    /**
     * Starts a file with one F32 tensor of shape (rows, columns).
     *
     * @param names the columns' names, kept as metadata {@code columns}, a JSON array
     */
    public static SafetensorsWriter rows(
            Output output, String tensor, long rows, List<String> names, Map<String, String> metadata)
            throws IOException {
        RowCount count = new RowCount(rows, names.size());
        Map<String, String> all = new TreeMap<>(metadata);
        all.put("columns", Json.array(names));
        byte[] header = header(all, List.of(new Slot(tensor, Dtype.F32, List.of(rows, (long) names.size()))));
        AtomicFile file = AtomicFile.create(output);
        try {
            file.write(header);
            return new SafetensorsWriter(file, count);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    static List<Tensor> sorted(List<Tensor> tensors) {
        List<Tensor> sorted = new ArrayList<>(tensors);
        sorted.sort(Comparator.comparing(Tensor::dtype, Comparator.reverseOrder())
                .thenComparing(Tensor::name, SafetensorsWriter::byCodePoint));
        return sorted;
    }

    /** The order of UTF-8 bytes, which is that of code points and not that of Java's chars. */
    private static int byCodePoint(String a, String b) {
        return java.util.Arrays.compare(a.codePoints().toArray(), b.codePoints().toArray());
    }

    /** Length and header of tensors that follow each other in this order. */
    static byte[] header(Map<String, String> metadata, List<Slot> slots) {
        ByteArrayOutputStream json = new ByteArrayOutputStream();
        Set<String> names = new HashSet<>();
        metadata.forEach((key, value) -> unicode(key + value));
        slots.forEach(slot -> unicode(slot.name()));
        try (JsonGenerator out = new JsonFactory().createGenerator(json)) {
            out.writeStartObject();
            if (!metadata.isEmpty()) {
                out.writeObjectFieldStart(SafetensorsHeader.METADATA);
                for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
                    out.writeStringField(entry.getKey(), entry.getValue());
                }
                out.writeEndObject();
            }
            long at = 0;
            for (Slot slot : slots) {
                if (slot.name().isEmpty()
                        || slot.name().equals(SafetensorsHeader.METADATA)
                        || !names.add(slot.name())) {
                    throw new IllegalArgumentException(
                            "tensor name " + Shown.quoted(slot.name()) + " is empty, reserved or used twice");
                }
                long end = Math.addExact(at, Tensor.size(slot.dtype(), slot.shape()));
                out.writeObjectFieldStart(slot.name());
                out.writeStringField("dtype", slot.dtype().name());
                out.writeArrayFieldStart("shape");
                for (long extent : slot.shape()) {
                    out.writeNumber(extent);
                }
                out.writeEndArray();
                out.writeArrayFieldStart("data_offsets");
                out.writeNumber(at);
                out.writeNumber(end);
                out.writeEndArray();
                out.writeEndObject();
                at = end;
            }
            out.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        int length = (json.size() + 7) / 8 * 8;
        ByteBuffer all = ByteBuffer.allocate(8 + length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .put(json.toByteArray());
        while (all.hasRemaining()) {
            all.put((byte) ' ');
        }
        return all.array();
    }

    private static void unicode(String text) {
        if (!Utf8.holds(text)) {
            throw new IllegalArgumentException(
                    "text " + Shown.quoted(text) + " of a tensor's name or the metadata has a lone surrogate");
        }
    }

    @Override
    public void write(float[] values, int offset, int rows) throws IOException {
        NpyWriter.put(file, values, offset, count.add(values, offset, rows));
    }

    @Override
    public void finish() throws IOException {
        count.complete();
        file.publish();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
