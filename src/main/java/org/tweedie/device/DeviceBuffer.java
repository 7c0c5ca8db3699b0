package org.tweedie.device;

/**
 * Memory on a device: a typed, fixed-length run of elements. Contents are undefined until written.
 *
 * <p>Thread safety: the handle may be shared; ordering of the contents is the streams' business. Closing while work
 * that uses it is queued is safe: memory is returned after that work.
 */
public interface DeviceBuffer extends AutoCloseable {
    Device device();

    Element element();

    long count();

    /** {@code count() * element().bytes()}. */
    default long bytes() {
        return count() * element().bytes();
    }

    /** The CUDA address, for use with other CUDA libraries; 0 on the host device. */
    long address();

    /** Returns the memory. Closing twice is harmless; a buffer that wraps the caller's memory leaves it alone. */
    @Override
    void close();
}
