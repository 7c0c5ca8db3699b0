package org.tweedie.device;

/**
 * A queue of work on one device, run in order. Used by one thread at a time.
 *
 * <p>Copies to and from Java arrays return when the array is free again or filled; copies with a {@link HostBuffer} may
 * still be under way when they return, until {@link #synchronize()}.
 */
public interface Stream extends AutoCloseable {
    Device device();

    /** The {@code CUstream} as a number, for use with other CUDA libraries; 0 on the host device. */
    default long handle() {
        return 0;
    }

    /** Queues one launch of a bound kernel. */
    void launch(Kernel kernel, LaunchShape shape, Arguments arguments);

    /**
     * Queues one launch of a kernel whose blocks wait for each other (a cooperative launch); not while capturing.
     *
     * @param shape of at most {@link Kernel#together} blocks
     */
    void launchTogether(Kernel kernel, LaunchShape shape, Arguments arguments);

    /** Copies {@code count} elements of a Java array ({@code float[]}, {@code double[]}, {@code short[]}, {@code int[]},
     * {@code long[]}, {@code byte[]}; its type must be the buffer's) into a buffer. */
    void upload(Object array, int from, DeviceBuffer into, long at, int count);

    /** Copies {@code count} elements of a buffer into a Java array of its type; waits for them. */
    void download(DeviceBuffer from, long at, Object array, int into, int count);

    /** Queues a copy from page-locked memory; the memory must stay untouched until the copy is done. */
    void uploadAsync(HostBuffer from, int fromAt, DeviceBuffer into, long at, int count);

    /** Queues a copy into page-locked memory. */
    void downloadAsync(DeviceBuffer from, long at, HostBuffer into, int intoAt, int count);

    /** Queues a copy between buffers of one element type. */
    void copy(DeviceBuffer from, long fromAt, DeviceBuffer into, long intoAt, long count);

    /** Queues the writing of zero bits. */
    void zero(DeviceBuffer buffer, long at, long count);

    /** Marks this point of the queue. */
    void record(Event event);

    /** Queues a wait until another stream's event has happened. */
    void await(Event event);

    /** Waits until all that was queued is done; reports an error of it. */
    void synchronize();

    /**
     * Records the launches, copies between buffers and zeroing that {@code work} queues on this stream, without running
     * them. Copies from or to host memory, events, waits and replays are refused while capturing.
     */
    Graph capture(Runnable work);

    /** Queues one replay of a captured graph. */
    void launch(Graph graph);

    @Override
    void close();
}
