package org.tweedie.device.host;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.tweedie.device.Element;
import org.tweedie.device.HostBuffer;

/** Ordinary direct memory: the host device has no use for page-locking. */
final class DirectBuffer implements HostBuffer {
    private final Element element;
    private final int count;
    private final ByteBuffer memory;

    DirectBuffer(Element element, int count) {
        this.element = element;
        this.count = count;
        this.memory = ByteBuffer.allocateDirect(Math.multiplyExact(count, element.bytes())).order(ByteOrder.nativeOrder());
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
        return memory;
    }

    @Override
    public void close() {}
}
