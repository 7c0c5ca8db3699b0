package org.tweedie.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A safetensors file, opened and checked: named arrays and a map of strings. The header must account for every byte of
 * the file, once. Tensors are read when asked for. For one thread.
 *
 * @see <a href="https://github.com/huggingface/safetensors">the format</a>
 */
public final class Safetensors implements AutoCloseable {
    private final Source source;
    private final ReadLimits limits;
    private final SafetensorsHeader header;
    private final Map<String, SafetensorsHeader.Entry> byName = new HashMap<>();

    private Safetensors(Source source, ReadLimits limits) throws IOException {
        this.source = source;
        this.limits = limits;
        this.header = SafetensorsHeader.read(source, limits);
        for (SafetensorsHeader.Entry entry : header.tensors()) {
            byName.put(entry.name(), entry);
        }
    }

    /** Opens a file within the default limits. */
    public static Safetensors open(Path file) throws IOException {
        return open(file, ReadLimits.defaults());
    }

    /** Opens a file. */
    public static Safetensors open(Path file, ReadLimits limits) throws IOException {
        return open(Source.open(file), limits);
    }

    /** Opens a file that is in memory; the name is used in messages only. */
    public static Safetensors of(String name, byte[] bytes, ReadLimits limits) {
        try {
            return open(Source.of(name, bytes), limits);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Safetensors open(Source source, ReadLimits limits) throws IOException {
        try {
            return new Safetensors(source, limits);
        } catch (IOException | RuntimeException e) {
            source.close();
            throw e;
        }
    }

    /** The file's name, for messages. */
    public String name() {
        return source.name();
    }

    /** The {@code __metadata__} map. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** The tensors, in the order of their bytes. */
    public List<SafetensorsHeader.Entry> tensors() {
        return header.tensors();
    }

    /** True if there is a tensor of this name. */
    public boolean has(String tensor) {
        return byName.containsKey(tensor);
    }

    /**
     * A tensor's description.
     *
     * @throws MalformedFileException if the file has no such tensor
     */
    public SafetensorsHeader.Entry entry(String tensor) {
        SafetensorsHeader.Entry entry = byName.get(tensor);
        if (entry == null) {
            throw new MalformedFileException(source.name(), "tensor " + Shown.quoted(tensor), "is absent");
        }
        return entry;
    }

    /**
     * A tensor of floats (F32, F64, F16, BF16), row-major, as 32-bit floats; F64 is rounded.
     *
     * @throws MalformedFileException if it is absent, of another type, or above the memory budget
     */
    public float[] floats(String tensor) throws IOException {
        SafetensorsHeader.Entry entry = entry(tensor);
        Dtype dtype = entry.dtype();
        if (dtype != Dtype.F32 && dtype != Dtype.F64 && dtype != Dtype.F16 && dtype != Dtype.BF16) {
            throw new MalformedFileException(
                    source.name(), "tensor " + Shown.quoted(tensor), "is " + dtype + ", not floats");
        }
        float[] values = new float[length(entry, Float.BYTES)];
        byte[] chunk = new byte[Math.min(Floats.CHUNK, values.length) * dtype.bytes()];
        for (int done = 0; done < values.length; done += Floats.CHUNK) {
            int count = Math.min(Floats.CHUNK, values.length - done);
            source.read(entry.offset() + (long) done * dtype.bytes(), chunk, 0, count * dtype.bytes());
            ByteBuffer bytes = ByteBuffer.wrap(chunk).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < count; i++) {
                values[done + i] = switch (dtype) {
                    case F64 -> (float) bytes.getDouble(8 * i);
                    case F16 -> Half.f16(bytes.getShort(2 * i));
                    case BF16 -> Half.bf16(bytes.getShort(2 * i));
                    default -> bytes.getFloat(4 * i);
                };
            }
        }
        return values;
    }

    /** A tensor of 64-bit floats, exactly. */
    public double[] doubles(String tensor) throws IOException {
        SafetensorsHeader.Entry entry = typed(tensor, Dtype.F64);
        double[] values = new double[length(entry, 16)];
        read(entry).asDoubleBuffer().get(values);
        return values;
    }

    /** A tensor of signed 64-bit integers. */
    public long[] longs(String tensor) throws IOException {
        SafetensorsHeader.Entry entry = typed(tensor, Dtype.I64);
        long[] values = new long[length(entry, 16)];
        read(entry).asLongBuffer().get(values);
        return values;
    }

    /** A tensor's bytes as they are in the file. */
    public byte[] bytes(String tensor) throws IOException {
        SafetensorsHeader.Entry entry = entry(tensor);
        limits.afford(entry.bytes(), source.name(), "tensor " + Shown.quoted(tensor));
        return read(entry).array();
    }

    private ByteBuffer read(SafetensorsHeader.Entry entry) throws IOException {
        if (entry.bytes() > Integer.MAX_VALUE - 8) {
            throw new MalformedFileException(
                    source.name(), "tensor " + Shown.quoted(entry.name()), "is longer than 2 GiB");
        }
        return source.buffer(entry.offset(), (int) entry.bytes());
    }

    private SafetensorsHeader.Entry typed(String tensor, Dtype dtype) {
        SafetensorsHeader.Entry entry = entry(tensor);
        if (entry.dtype() != dtype) {
            throw new MalformedFileException(
                    source.name(), "tensor " + Shown.quoted(tensor), "is " + entry.dtype() + ", expected " + dtype);
        }
        return entry;
    }

    /** The count of elements, once they are known to fit an array and the budget. */
    private int length(SafetensorsHeader.Entry entry, int bytesEach) {
        String place = "tensor " + Shown.quoted(entry.name());
        if (entry.count() > Integer.MAX_VALUE - 8) {
            throw new MalformedFileException(
                    source.name(), place, entry.count() + " elements, above the 2^31 of one array");
        }
        limits.afford(bytesEach * entry.count(), source.name(), place);
        return (int) entry.count();
    }

    /** Writes a file. The same tensors and metadata give the same bytes, whatever their order. */
    public static void write(Output output, Map<String, String> metadata, List<Tensor> tensors) throws IOException {
        try (AtomicFile file = AtomicFile.create(output)) {
            List<Tensor> sorted = SafetensorsWriter.sorted(tensors);
            file.write(SafetensorsWriter.header(
                    metadata, sorted.stream().map(SafetensorsWriter.Slot::of).toList()));
            byte[] chunk = new byte[1 << 16];
            for (Tensor tensor : sorted) {
                ByteBuffer bytes = tensor.bytes().duplicate();
                while (bytes.hasRemaining()) {
                    int count = Math.min(chunk.length, bytes.remaining());
                    bytes.get(chunk, 0, count);
                    file.write(chunk, 0, count);
                }
            }
            file.publish();
        }
    }

    /** The bytes that {@link #write} would write. */
    public static byte[] encode(Map<String, String> metadata, List<Tensor> tensors) {
        List<Tensor> sorted = SafetensorsWriter.sorted(tensors);
        byte[] header = SafetensorsWriter.header(
                metadata, sorted.stream().map(SafetensorsWriter.Slot::of).toList());
        long size = header.length;
        for (Tensor tensor : sorted) {
            size += tensor.bytes().remaining();
        }
        ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(size)).put(header);
        for (Tensor tensor : sorted) {
            all.put(tensor.bytes().duplicate());
        }
        return all.array();
    }

    /** SHA-256 of the file that {@link #write} would write, as 64 hexadecimal digits. */
    public static String hash(Map<String, String> metadata, List<Tensor> tensors) {
        List<Tensor> sorted = SafetensorsWriter.sorted(tensors);
        MessageDigest digest = Sha256.digest();
        digest.update(SafetensorsWriter.header(
                metadata, sorted.stream().map(SafetensorsWriter.Slot::of).toList()));
        sorted.forEach(tensor -> digest.update(tensor.bytes().duplicate()));
        return Sha256.hex(digest.digest());
    }

    /** The {@link #hash} of this file's tensors and its metadata but one entry, such as the one that keeps the hash. */
    public String hashWithout(String entry) throws IOException {
        Map<String, String> metadata = new HashMap<>(metadata());
        metadata.remove(entry);
        MessageDigest digest = Sha256.digest();
        digest.update(SafetensorsWriter.header(
                metadata,
                tensors().stream()
                        .map(tensor -> new SafetensorsWriter.Slot(tensor.name(), tensor.dtype(), tensor.shape()))
                        .toList()));
        for (SafetensorsHeader.Entry tensor : tensors()) {
            digest.update(bytes(tensor.name()));
        }
        return Sha256.hex(digest.digest());
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
