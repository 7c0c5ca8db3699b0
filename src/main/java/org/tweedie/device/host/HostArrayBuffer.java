package org.tweedie.device.host;

import java.lang.reflect.Array;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Allocations;
import org.tweedie.device.Arguments;
import org.tweedie.device.ClosedException;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;

/** A device buffer that is a Java array. */
final class HostArrayBuffer implements DeviceBuffer, Arguments.ArrayBacked {
    private final HostDevice device;
    private final Element element;
    private final long count;
    private final Allocations.@Nullable Ticket ticket;
    private volatile @Nullable Object array;

    HostArrayBuffer(HostDevice device, Element element, Object array, Allocations allocations, boolean owned) {
        this.device = device;
        this.element = element;
        this.count = Array.getLength(array);
        this.array = array;
        this.ticket =
                owned ? allocations.opened(this, "a buffer of " + count + " " + element, bytes(), () -> {}) : null;
    }

    @Override
    public Object array() {
        Object open = array;
        if (open == null) {
            throw new ClosedException("this buffer of " + count + " " + element);
        }
        return open;
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
        return 0;
    }

    @Override
    public void close() {
        array = null;
        if (ticket != null) {
            ticket.close(this);
        }
    }
}
