package org.tweedie.device.cuda;

import java.util.concurrent.atomic.AtomicBoolean;
import jcuda.driver.JCudaDriver;
import org.tweedie.device.Allocations;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.DeviceUnavailableException;
import org.tweedie.device.Element;
import org.tweedie.device.Event;
import org.tweedie.device.HostBuffer;
import org.tweedie.device.Kernel;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.Stream;

/**
 * An NVIDIA GPU, through its primary context, which it shares with other users of CUDA in the process. Each call makes the
 * context current and gives the thread back the one that it came with.
 *
 * <p>Thread safety: as {@link Device} says. Closing any handle while another thread uses it is safe: the call under way
 * finishes, and the next one throws {@link org.tweedie.device.ClosedException}.
 */
public final class CudaDevice implements Device {
    private final Context context;
    private final KernelCache<CudaKernel> kernels;
    private final AtomicBoolean closed = new AtomicBoolean();

    private CudaDevice(Context context) {
        this.context = context;
        this.kernels = new KernelCache<>(context.guard);
    }

    /**
     * Opens GPU {@code ordinal}, counted as the driver does (CUDA_VISIBLE_DEVICES applies).
     *
     * @throws DeviceUnavailableException if it cannot be used; says why
     */
    public static CudaDevice open(int ordinal) {
        return new CudaDevice(Context.open(ordinal));
    }

    Context context() {
        return context;
    }

    @Override
    public String name() {
        return context.name;
    }

    @Override
    public String spec() {
        return context.spec;
    }

    @Override
    public DeviceKind kind() {
        return context.kind;
    }

    @Override
    public Limits limits() {
        return new Limits(context.processors, context.mostShared, context.warpgroups);
    }

    @Override
    public Memory memory() {
        long[] free = new long[1];
        long[] total = new long[1];
        context.guard.enter();
        try {
            context.call(() -> JCudaDriver.cuMemGetInfo(free, total), "cuMemGetInfo");
        } finally {
            context.guard.exit();
        }
        return new Memory(free[0], total[0]);
    }

    @Override
    public long allocatedBytes() {
        return context.allocations.bytes();
    }

    @Override
    public Allocations allocations() {
        return context.allocations;
    }

    @Override
    public Stream stream() {
        return CudaStream.open(this);
    }

    @Override
    public Stream wrapStream(long handle) {
        return CudaStream.wrap(this, handle);
    }

    @Override
    public Event event() {
        return new CudaEvent(context);
    }

    @Override
    public DeviceBuffer allocate(Element element, long count) {
        return CudaBuffer.allocate(this, element, count);
    }

    @Override
    public DeviceBuffer wrap(long address, Element element, long count) {
        return CudaBuffer.wrap(this, address, element, count);
    }

    @Override
    public HostBuffer pinned(Element element, int count) {
        return new PinnedBuffer(context, element, count);
    }

    @Override
    public Kernel kernel(KernelEntry entry) {
        CudaKernel kernel = kernels.get(entry.name(), () -> new CudaKernel(context, entry));
        if (!kernel.entry().parameters().equals(entry.parameters())) {
            throw new IllegalArgumentException(entry.name() + " was bound with parameters "
                    + kernel.entry().parameters() + ", now asked for with " + entry.parameters());
        }
        return kernel;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            context.guard.close();
            context.allocations.closeAll();
        }
    }

    @Override
    public String toString() {
        return context.toString();
    }
}
