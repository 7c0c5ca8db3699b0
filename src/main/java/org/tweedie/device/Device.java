package org.tweedie.device;

/**
 * A machine that runs kernels: a CUDA GPU, or the host's cores running each kernel's Java twin.
 *
 * <p>Thread safety: a device may be shared by threads; a {@link Stream} belongs to one thread at a time. Everything
 * opened from a device must be closed before it; what was forgotten is reported with its creation stack.
 *
 * <p>What fails is one {@link DeviceException} that names the call, the code and what to do. Closing does not throw: what a
 * driver does not take back is logged as a warning and offered to it again when the device closes.
 */
public interface Device extends AutoCloseable {

    /**
     * Opens a device.
     *
     * @param spec {@code "auto"} (the first usable GPU, else the host), {@code "cpu"} (all cores), {@code "cpu:N"}
     *     (N threads) or {@code "cuda:N"}
     * @throws DeviceUnavailableException if the named device cannot be used here; the message says why
     * @throws IllegalArgumentException if the spec is none of these
     */
    static Device open(String spec) {
        return Devices.open(spec);
    }

    /** What a person calls it, for example {@code "NVIDIA H200"} or {@code "host (2 threads, vector)"}. */
    String name();

    /** The spec that opens this device again: {@code "cpu"}, {@code "cuda:0"}. */
    String spec();

    /** Which machine this is; for reports and tests, never for choosing an algorithm's answer. */
    DeviceKind kind();

    /** Free and total bytes. */
    Memory memory();

    /** What one launch may take. */
    Limits limits();

    /** Bytes now held by open buffers of this device object. */
    long allocatedBytes();

    /** Opens a stream: work queued on it runs in order. */
    Stream stream();

    /** Opens an event, to be recorded on a stream. */
    Event event();

    /**
     * Allocates an uninitialised buffer.
     *
     * @param count elements, at least 0
     * @throws OutOfDeviceMemoryException if there is no room; says how much was asked and how much is free
     */
    DeviceBuffer allocate(Element element, long count);

    /**
     * A buffer over device memory that the caller owns, for example from another CUDA library in this process; the reverse
     * of {@link DeviceBuffer#address()}. The memory stays the caller's: it must outlive all work queued on it, and closing
     * the buffer only forgets it.
     *
     * @param address device address, aligned to the element's size
     * @param count elements, at least 0
     * @throws UnsupportedOperationException on the host device, which has no addresses; there,
     *     {@link org.tweedie.device.host.HostDevice#wrap(float[])} wraps an array
     */
    default DeviceBuffer wrap(long address, Element element, long count) {
        throw new UnsupportedOperationException(
                spec() + " has no device addresses; wrap an array with HostDevice.wrap");
    }

    /**
     * A stream over a {@code CUstream} that the caller owns, so that kernels run in its order; the reverse of
     * {@link Stream#handle()}. Closing forgets it, after waiting for its queue if Java arrays were copied through it.
     *
     * @param handle the {@code CUstream} as a number
     * @throws UnsupportedOperationException on the host device
     */
    default Stream wrapStream(long handle) {
        throw new UnsupportedOperationException(spec() + " has no CUDA streams");
    }

    /** What is open on this device, for leak checks. */
    Allocations allocations();

    /** Allocates page-locked host memory, for copies that overlap with work (on the host device: ordinary memory). */
    HostBuffer pinned(Element element, int count);

    /** Binds a kernel: found, checked and its launch attributes set once, then kept for the life of the device. */
    Kernel kernel(KernelEntry entry);

    /**
     * What one launch may take. Immutable.
     *
     * @param processors that work side by side: multiprocessors of a GPU, threads of the host
     * @param sharedBytes of a block, static and dynamic together
     * @param warpgroups whether kernels may multiply by four warps together, as GPUs of compute capability 9.0 do
     */
    record Limits(int processors, int sharedBytes, boolean warpgroups) {}

    /** Free and total memory in bytes. */
    record Memory(long free, long total) {}

    @Override
    void close();
}
