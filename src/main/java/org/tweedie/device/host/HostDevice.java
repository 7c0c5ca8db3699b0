package org.tweedie.device.host;

import java.util.concurrent.atomic.AtomicBoolean;
import org.tweedie.device.Allocations;
import org.tweedie.device.ClosedException;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.device.Event;
import org.tweedie.device.HostBuffer;
import org.tweedie.device.Kernel;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.device.Stream;

/**
 * The host's cores as a device: a launch runs the kernel's Java twin before it returns. The same bits on any JVM and CPU,
 * with any number of threads.
 */
public final class HostDevice implements Device {
    /** Java arrays end a little below 2^31 elements. */
    private static final long MOST_ELEMENTS = Integer.MAX_VALUE - 8L;

    private final WorkerTeam team;
    private final Allocations allocations = new Allocations("host device");
    private final AtomicBoolean closed = new AtomicBoolean();

    public HostDevice(int threads) {
        this.team = new WorkerTeam(threads);
    }

    @Override
    public String name() {
        return "host (" + team.size() + (team.size() == 1 ? " thread" : " threads") + ")";
    }

    @Override
    public String spec() {
        return team.size() == Runtime.getRuntime().availableProcessors() ? "cpu" : "cpu:" + team.size();
    }

    @Override
    public DeviceKind kind() {
        return DeviceKind.HOST;
    }

    /** The threads of this device; {@code team().forRange} spreads work, {@link #inlineStream()} keeps it on the caller. */
    public WorkerTeam team() {
        return team;
    }

    @Override
    public Limits limits() {
        return new Limits(team.size(), Integer.MAX_VALUE, false);
    }

    @Override
    public Memory memory() {
        Runtime runtime = Runtime.getRuntime();
        long used = runtime.totalMemory() - runtime.freeMemory();
        return new Memory(runtime.maxMemory() - used, runtime.maxMemory());
    }

    @Override
    public long allocatedBytes() {
        return allocations.bytes();
    }

    @Override
    public Allocations allocations() {
        return allocations;
    }

    @Override
    public String toString() {
        return name();
    }

    @Override
    public Stream stream() {
        requireOpen();
        return new HostStream(this, team);
    }

    /** A stream whose launches run on the calling thread alone: for callers that spread tiles of rows themselves. */
    public Stream inlineStream() {
        requireOpen();
        return new HostStream(this, WorkerTeam.INLINE);
    }

    @Override
    public Event event() {
        requireOpen();
        return new HostEvent();
    }

    @Override
    public DeviceBuffer allocate(Element element, long count) {
        requireOpen();
        if (count < 0) {
            throw new IllegalArgumentException("count must not be negative, got " + count);
        }
        long bytes = count > Long.MAX_VALUE / element.bytes() ? Long.MAX_VALUE : count * element.bytes();
        if (count > MOST_ELEMENTS) {
            throw new OutOfDeviceMemoryException(
                    name() + ", at most " + MOST_ELEMENTS + " elements a buffer", bytes, memory().free());
        }
        try {
            return new HostArrayBuffer(this, element, array(element, (int) count), allocations, true);
        } catch (OutOfMemoryError e) {
            throw new OutOfDeviceMemoryException(name() + " (Java heap, see -Xmx)", bytes, memory().free());
        }
    }

    /** A buffer over the caller's own array, which stays the caller's. */
    public DeviceBuffer wrap(float[] array) {
        requireOpen();
        return new HostArrayBuffer(this, Element.F32, array, allocations, false);
    }

    private static Object array(Element element, int count) {
        return switch (element) {
            case F32 -> new float[count];
            case F64 -> new double[count];
            case F16, BF16 -> new short[count];
            case I32 -> new int[count];
            case I64 -> new long[count];
            case I8 -> new byte[count];
        };
    }

    @Override
    public HostBuffer pinned(Element element, int count) {
        requireOpen();
        return new DirectBuffer(element, count);
    }

    @Override
    public Kernel kernel(KernelEntry entry) {
        requireOpen();
        return new HostKernel(entry);
    }

    void requireOpen() {
        if (closed.get()) {
            throw new ClosedException("the host device");
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            team.close();
            allocations.closeAll();
        }
    }

    private record HostKernel(KernelEntry entry) implements Kernel {
        @Override
        public Resources resources() {
            return new Resources(0, 0, 0, 0);
        }

        @Override
        public int together(int threads, int sharedBytes) {
            return 1;
        }
    }
}
