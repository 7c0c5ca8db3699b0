package org.tweedie.testing;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
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
        return specs().stream().map(TestDevices::open);
    }

    /** Every device present with every one of {@code values}: arguments (Device, value). */
    public static Stream<Arguments> times(List<?> values) {
        return specs().stream().flatMap(spec -> values.stream().map(value -> Arguments.of(open(spec), value)));
    }

    /** The specs of the devices present: {@code cpu}, then {@code cuda:0} where there is one. */
    public static List<String> specs() {
        List<String> specs = new ArrayList<>();
        specs.add("cpu");
        return specs;
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
