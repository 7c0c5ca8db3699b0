package org.tweedie.device;

import java.nio.ByteBuffer;

/** Host memory that a device can copy to and from while the caller goes on: native order, page-locked on CUDA. The handle is thread-safe; what is in the memory is for its users to order. */
public interface HostBuffer extends AutoCloseable {
    Element element();

    int count();

    /** The memory itself, native byte order; valid until {@link #close()}. */
    ByteBuffer memory();

    @Override
    void close();
}
