package org.tweedie.device;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.KernelEntry.Parameter;

/**
 * The arguments of one launch, in the order of the kernel's parameters. Written by a facade, read by the CUDA launch (as
 * eight raw bytes each) or by the twin (typed). Not thread-safe; a new one for each launch.
 */
public final class Arguments {
    private final KernelEntry entry;
    private final long[] bits;
    private final @Nullable Object[] objects;
    private List<DeviceBuffer> reached = List.of();
    private int size;

    public Arguments(KernelEntry entry) {
        this.entry = entry;
        this.bits = new long[entry.parameters().size()];
        this.objects = new Object[bits.length];
    }

    /** A pointer to element {@code offset} of a buffer; null buffer gives a null pointer. */
    public Arguments buffer(@Nullable DeviceBuffer buffer, long offset) {
        objects[size] = buffer;
        if (buffer != null && (offset < 0 || offset > buffer.count())) {
            throw new IllegalArgumentException(
                    entry.name() + ": offset " + offset + " outside a buffer of " + buffer.count() + " elements");
        }
        return put(Parameter.POINTER, offset);
    }

    public Arguments buffer(@Nullable DeviceBuffer buffer) {
        return buffer(buffer, 0);
    }

    /** A pointer to a struct in device memory, with the object that stands for it on the host. */
    public Arguments struct(DeviceBuffer memory, Object onHost) {
        objects[size] = new Struct(memory, onHost);
        return put(Parameter.POINTER, 0);
    }

    /** Buffers that the kernel finds by addresses in memory: they are held open until the launch is queued, as those of pointers are. */
    public Arguments reaches(List<DeviceBuffer> buffers) {
        reached = List.copyOf(buffers);
        return this;
    }

    /** What {@link #reaches} was given. */
    public List<DeviceBuffer> reached() {
        return reached;
    }

    public Arguments i32(int value) {
        return put(Parameter.I32, value);
    }

    public Arguments i64(long value) {
        return put(Parameter.I64, value);
    }

    public Arguments f32(float value) {
        return put(Parameter.F32, Float.floatToRawIntBits(value));
    }

    public Arguments f64(double value) {
        return put(Parameter.F64, Double.doubleToRawLongBits(value));
    }

    private Arguments put(Parameter type, long value) {
        if (size == bits.length || entry.parameters().get(size) != type) {
            throw new IllegalArgumentException(entry.name() + ": argument " + size + " is a " + type
                    + " but the kernel takes "
                    + (size == bits.length ? "no more" : entry.parameters().get(size)));
        }
        bits[size++] = value;
        return this;
    }

    public KernelEntry entry() {
        return entry;
    }

    public int size() {
        return size;
    }

    /** True where a pointer argument is null. */
    public boolean isNull(int i) {
        return objects[i] == null;
    }

    /** The buffer of pointer argument {@code i}, or null. */
    public @Nullable DeviceBuffer buffer(int i) {
        return objects[i] instanceof Struct s ? s.memory() : (DeviceBuffer) objects[i];
    }

    /** The element offset of pointer argument {@code i}. */
    public int offset(int i) {
        return Math.toIntExact(bits[i]);
    }

    /** The eight raw bytes of a scalar argument, or the element offset of a pointer. */
    public long bits(int i) {
        return bits[i];
    }

    public int int32(int i) {
        return (int) bits[i];
    }

    public long int64(int i) {
        return bits[i];
    }

    public float float32(int i) {
        return Float.intBitsToFloat((int) bits[i]);
    }

    public double float64(int i) {
        return Double.longBitsToDouble(bits[i]);
    }

    /** The host object of struct argument {@code i}. */
    public <T> T struct(int i, Class<T> type) {
        if (objects[i] instanceof Struct s) {
            return type.cast(s.onHost());
        }
        throw new IllegalArgumentException(entry.name() + ": argument " + i + " is not a struct");
    }

    /** The Java array behind buffer argument {@code i} (host device only); index from {@link #offset(int)}. */
    public float[] floats(int i) {
        return (float[]) array(i);
    }

    public double[] doubles(int i) {
        return (double[]) array(i);
    }

    public short[] halves(int i) {
        return (short[]) array(i);
    }

    public int[] ints(int i) {
        return (int[]) array(i);
    }

    public long[] longs(int i) {
        return (long[]) array(i);
    }

    private Object array(int i) {
        DeviceBuffer buffer = buffer(i);
        if (buffer instanceof ArrayBacked backed) {
            return backed.array();
        }
        throw new IllegalArgumentException(
                entry.name() + ": argument " + i + " is " + (buffer == null ? "null" : "not on the host"));
    }

    /** A buffer whose memory is a Java array. Thread-safe. */
    public interface ArrayBacked {
        Object array();
    }

    private record Struct(DeviceBuffer memory, Object onHost) {}
}
