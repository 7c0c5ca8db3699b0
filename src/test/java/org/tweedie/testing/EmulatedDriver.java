package org.tweedie.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.CudaStatus;
import org.tweedie.device.DeviceKind;

/**
 * What the emulated driver tells tests, and lets them do, beside the driver API: counters, faults, the order of threads. The
 * native side is native/emulator/control.cc; what each call means is in control.h. For tests that start with {@link #required()}.
 *
 * <p>One driver serves the whole JVM: put back what was changed with {@link #reset()}.
 */
public final class EmulatedDriver {
    private static boolean loaded;

    private EmulatedDriver() {}

    /** True where the CUDA device of the tests is the emulated one. */
    public static boolean present() {
        return CudaStatus.probe().gpus().stream().anyMatch(gpu -> gpu.kind() == DeviceKind.EMULATED);
    }

    /** Skips the test where there is no emulated driver, and makes the other calls possible where there is one. */
    public static synchronized void required() {
        assumeTrue(present(), "needs the emulated CUDA driver");
        load();
    }

    /** Makes the other calls possible, also before anything has started the driver; in a process that has the emulated one. */
    public static synchronized void load() {
        if (!loaded) {
            System.load(
                    library().toString()); // the file that JCuda loads: the same library, its names found a second time
            loaded = true;
        }
    }

    /** {@code libcuda.so.1} that the tests were told to use. */
    public static Path library() {
        return Path.of(System.getProperty("tweedie.emulator", "target/emulator"))
                .resolve("libcuda.so.1")
                .toAbsolutePath();
    }

    /** A counter by name: {@code launches}, {@code bytes}, {@code allocations}, {@code streams}, {@code cuMemAlloc_v2}, ... */
    public static native long stat(String name);

    /** Makes the nth call from now of a driver entry point ({@code "*"}: of any) give {@code code}. */
    public static native void fail(String call, long nth, int code, boolean persistent);

    /** Lets all threads pass by the barrier or fence at {@code file:line} of the kernels; by none for an empty string. */
    public static native void leaveOut(String place);

    /** No faults, nothing left out, contexts repaired, the order of the environment. */
    public static native void reset();

    /** {@code forward}, {@code reverse} or {@code random}: the order of threads and blocks. */
    public static native boolean schedule(String order, long seed);

    /** {@code eager}, {@code late} or {@code random}: when streams run what is queued, at random legal moments by the seed. */
    public static native boolean streams(String when, long seed);

    /** Why the last thing failed, or an empty string. */
    public static native String report();

    /** The parameters of a kernel as its C++ type has them: p pointer, i int32, l int64, f float, d double; null if unknown. */
    public static native @Nullable String parameters(String kernel);

    /** The names of all kernels in the library, one a line. */
    public static native String kernels();
}
