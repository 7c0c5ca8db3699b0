package org.tweedie.testing;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.tweedie.device.CudaStatus;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;

/**
 * The devices that tests run on: the host always, and the CUDA device where a driver is (the real one, or the emulated
 * one when its {@code libcuda.so.1} comes first on {@code LD_LIBRARY_PATH}).
 *
 * <pre>{@code
 * @ParameterizedTest @MethodSource("org.tweedie.testing.TestDevices#all")
 * void works(Device device) { ... }
 *
 * static Stream<Arguments> shapes() { return TestDevices.times(List.of(0, 1, 3, 31, 33, 1021)); }
 * @ParameterizedTest @MethodSource("shapes")
 * void worksOn(Device device, int size) { ... }
 * }</pre>
 *
 * <p>Each invocation gets a device of its own, opened just before it; JUnit closes it afterwards, since it is an
 * AutoCloseable argument.
 */
public final class TestDevices {
    private static final Map<DeviceKind, AtomicLong> COUNTS = new EnumMap<>(DeviceKind.class);

    static {
        for (DeviceKind kind : DeviceKind.values()) {
            COUNTS.put(kind, new AtomicLong());
        }
    }

    private TestDevices() {}

    /** Every device present, once. */
    public static Stream<Device> all() {
        return tested().stream().map(TestDevices::open);
    }

    /** Every device present with every one of {@code values}: arguments (Device, value). */
    public static Stream<Arguments> times(List<?> values) {
        return tested().stream().flatMap(spec -> values.stream().map(value -> Arguments.of(open(spec), value)));
    }

    /**
     * The specs of the devices present: {@code cpu}, then {@code cuda:N} where there is a usable one.
     *
     * @throws IllegalStateException if {@code -Dtweedie.requireGpu} asks for one that is not there
     */
    public static List<String> specs() {
        List<String> specs = new ArrayList<>();
        specs.add("cpu");
        if (missing(false).isEmpty()) {
            Kept.primary();
            specs.add("cuda:" + CudaStatus.probe().firstUsable().orElseThrow());
        } else if (required()) {
            throw new IllegalStateException(
                    "-Dtweedie.requireGpu is set, but: " + missing(false).get());
        }
        return specs;
    }

    /** The specs, or only the last of them under {@code -Dtweedie.test.only=last}: a CUDA device where there is one. */
    private static List<String> tested() {
        List<String> specs = specs();
        return "last".equals(System.getProperty("tweedie.test.only"))
                ? specs.subList(specs.size() - 1, specs.size())
                : specs;
    }

    /** True under {@code -Dtweedie.requireGpu}: tests that need a GPU then fail where there is none. */
    static boolean required() {
        String value = System.getProperty("tweedie.requireGpu");
        return value != null && !value.equals("false");
    }

    /** Why tests that need a CUDA device, or a real one, cannot run; empty where they can. */
    static Optional<String> missing(boolean real) {
        CudaStatus status = CudaStatus.probe();
        Optional<Integer> usable = status.firstUsable();
        if (usable.isEmpty()) {
            return Optional.of("no CUDA device: " + status.reason().orElse("unknown"));
        }
        boolean emulated = status.gpus().stream()
                .anyMatch(gpu -> gpu.ordinal() == usable.get() && gpu.kind() == DeviceKind.EMULATED);
        boolean wanted = real || "real".equals(System.getProperty("tweedie.requireGpu"));
        return wanted && emulated ? Optional.of("the CUDA device is the emulated one") : Optional.empty();
    }

    /** Keeps the primary context alive from test to test: a real GPU takes a good part of a second to make one. */
    private static final class Kept {
        private static final Device DEVICE =
                Device.open("cuda:" + CudaStatus.probe().firstUsable().orElseThrow());

        static void primary() {
            DEVICE.spec();
        }
    }

    /** Opens a device for one test, and counts the test. */
    public static Device open(String spec) {
        Device device = Device.open(spec);
        COUNTS.get(device.kind()).incrementAndGet();
        return device;
    }

    static long count(DeviceKind kind) {
        return COUNTS.get(kind).get();
    }
}
