package org.tweedie.device.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;
import org.tweedie.device.Allocations;
import org.tweedie.device.ClosedException;
import org.tweedie.device.Element;
import org.tweedie.device.HostBuffer;
import org.tweedie.device.OutOfDeviceMemoryException;

/**
 * Page-locked host memory. The memory is Java's own, locked by {@code cuMemHostRegister}, rather than the driver's, from
 * {@code cuMemHostAlloc}: a caller may keep a view of {@link #memory()} beyond {@link #close()}, and touching it then must
 * not kill the JVM. Closing unlocks the pages; the collector takes the memory when no view is left.
 */
final class PinnedBuffer implements HostBuffer {
    private static final int PAGE = 4096;

    final Guard guard;

    private final Element element;
    private final int count;
    private final ByteBuffer memory;
    private final Allocations.Ticket ticket;

    PinnedBuffer(Context context, Element element, int count) {
        if (count < 0 || (long) count * element.bytes() > Integer.MAX_VALUE - 2L * PAGE) {
            throw new IllegalArgumentException(
                    "count out of range: " + count + " " + element + "; page-locked memory holds up to 2 GiB a buffer");
        }
        this.element = element;
        this.count = count;
        // whole pages, so that no page is locked twice
        int locked = Math.max(PAGE, (count * element.bytes() + PAGE - 1) / PAGE * PAGE);
        ByteBuffer pages;
        try {
            pages = ByteBuffer.allocateDirect(locked + PAGE - 1)
                    .alignedSlice(PAGE)
                    .slice(0, locked);
        } catch (OutOfMemoryError e) {
            throw new OutOfDeviceMemoryException("page-locked host memory (see -XX:MaxDirectMemorySize)", locked, 0);
        }
        Pointer pointer = Pointer.to(pages);
        context.open(
                () -> JCudaDriver.cuMemHostRegister(pointer, locked, JCudaDriver.CU_MEMHOSTREGISTER_PORTABLE),
                "cuMemHostRegister of " + locked + " bytes",
                locked);
        this.guard = new Guard("this page-locked buffer of " + count + " " + element, () -> {
            // copies with it may be queued still; the driver does not wait for them
            context.settle(JCudaDriver::cuCtxSynchronize, "cuCtxSynchronize");
            context.close(() -> JCudaDriver.cuMemHostUnregister(pointer), "cuMemHostUnregister");
        });
        this.memory = pages.slice(0, count * element.bytes()).order(ByteOrder.nativeOrder());
        this.ticket =
                context.allocations.opened(this, "a page-locked buffer of " + count + " " + element, 0, guard::close);
    }

    /** Pointer to element {@code at}; inside the guard. */
    Pointer pointer(int at, int elements, String copy) {
        if (at < 0 || elements < 0 || elements > count - at) {
            throw new IllegalArgumentException(
                    copy + " of " + elements + " elements at " + at + " of page-locked memory of " + count);
        }
        return Pointer.to(memory).withByteOffset((long) at * element.bytes());
    }

    @Override
    public Element element() {
        return element;
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public ByteBuffer memory() {
        if (guard.isClosed()) {
            throw new ClosedException(guard.toString());
        }
        return memory;
    }

    @Override
    public void close() {
        ticket.close(this);
    }
}
