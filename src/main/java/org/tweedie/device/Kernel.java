package org.tweedie.device;

/** A kernel bound to a device, launched by {@link Stream#launch(Kernel, LaunchShape, Arguments)}. Shared by threads. */
public interface Kernel {
    KernelEntry entry();

    /** Registers a thread, static shared bytes, spilled bytes and the most threads a block may have; zeros on the host. */
    Resources resources();

    /** The most blocks of so many threads and bytes of dynamic shared memory that the device runs at once; 1 on the host. */
    int together(int threads, int sharedBytes);

    /** What the compiler gave the kernel. */
    record Resources(int registers, int sharedBytes, int localBytes, int mostThreads) {}
}
