package org.tweedie.device.cuda;

import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Allocations;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;

/** Memory on a GPU: ours, or the caller's. */
final class CudaBuffer implements DeviceBuffer {
    /** An empty buffer has an address too. */
    private static final long LEAST_BYTES = 16;

    final Guard guard;
    /** Valid inside the guard. */
    final long address;

    private final CudaDevice device;
    private final Element element;
    private final long count;
    private final Allocations.@Nullable Ticket ticket;

    private CudaBuffer(CudaDevice device, Element element, long count, long address, Guard guard, boolean owned) {
        this.device = device;
        this.element = element;
        this.count = count;
        this.address = address;
        this.guard = guard;
        this.ticket = owned
                ? device.context()
                        .allocations
                        .opened(this, "a buffer of " + count + " " + element, bytes(), guard::close)
                : null;
    }

    static CudaBuffer allocate(CudaDevice device, Element element, long count) {
        if (count < 0) {
            throw new IllegalArgumentException("count must not be negative, got " + count);
        }
        Context context = device.context();
        if (count > Long.MAX_VALUE / element.bytes()) {
            throw context.outOfMemory("an allocation of " + count + " " + element, Long.MAX_VALUE);
        }
        long bytes = count * element.bytes();
        Address address = new Address();
        context.open(
                () -> JCudaDriver.cuMemAlloc(address, Math.max(bytes, LEAST_BYTES)),
                "cuMemAlloc of " + bytes + " bytes",
                bytes);
        Guard guard = new Guard(
                what(device, element, count), () -> context.close(() -> JCudaDriver.cuMemFree(address), "cuMemFree"));
        return new CudaBuffer(device, element, count, address.value(), guard, true);
    }

    static CudaBuffer wrap(CudaDevice device, long address, Element element, long count) {
        if (address <= 0 || address % element.bytes() != 0) {
            throw new IllegalArgumentException("address must be a device address aligned to the " + element.bytes()
                    + " bytes of " + element + ", got 0x" + Long.toHexString(address));
        }
        if (count < 0 || count > (Long.MAX_VALUE - address) / element.bytes()) {
            throw new IllegalArgumentException(
                    "count out of range: " + count + " " + element + " from 0x" + Long.toHexString(address));
        }
        return new CudaBuffer(
                device, element, count, address, new Guard(what(device, element, count), () -> {}), false);
    }

    private static String what(CudaDevice device, Element element, long count) {
        return "this buffer of " + count + " " + element + " on " + device.spec();
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public Element element() {
        return element;
    }

    @Override
    public long count() {
        return count;
    }

    @Override
    public long address() {
        guard.enter();
        guard.exit();
        return address;
    }

    @Override
    public void close() {
        if (ticket == null) {
            guard.close();
        } else {
            ticket.close(this);
        }
    }

    @Override
    public String toString() {
        return guard.toString();
    }
}
