package org.tweedie.device;

import java.nio.ByteBuffer;

/** Host memory that a device can copy to and from while the caller goes on: native order, page-locked on CUDA. */
public interface HostBuffer extends AutoCloseable {
    Element element();

    int count();

    /** The memory itself, native byte order; valid until {@link #close()}. */
    ByteBuffer memory();

    @Override
    void close();
}
