package org.tweedie.device.host;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.tweedie.device.ClosedException;
import org.tweedie.device.Element;
import org.tweedie.device.HostBuffer;

/** Ordinary direct memory: the host device has no use for page-locking. */
final class DirectBuffer implements HostBuffer {
    private final Element element;
    private final int count;
    private final ByteBuffer memory;
    private volatile boolean closed;

    DirectBuffer(Element element, int count) {
        if (count < 0 || (long) count * element.bytes() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "count out of range: " + count + " " + element + "; host memory holds up to 2 GiB a buffer");
        }
        this.element = element;
        this.count = count;
        this.memory = ByteBuffer.allocateDirect(count * element.bytes()).order(ByteOrder.nativeOrder());
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
        if (closed) {
            throw new ClosedException("this host buffer of " + count + " " + element);
        }
        return memory;
    }

    @Override
    public void close() {
        closed = true;
    }
}
