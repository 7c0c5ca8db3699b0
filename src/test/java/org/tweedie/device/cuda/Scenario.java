package org.tweedie.device.cuda;

import java.util.List;
import org.tweedie.device.Arguments;
import org.tweedie.device.CudaStatus;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceException;
import org.tweedie.device.Element;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;

/** What a test must see happen in a process of its own: another machine, or a device that breaks. Prints a line for each event. */
final class Scenario {
    private Scenario() {}

    public static void main(String[] arguments) {
        switch (arguments[0]) {
            case "open" -> open(arguments[1]);
            case "lose" -> lose();
            case "fill" -> fill();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void open(String spec) {
        System.out.println("reason: " + CudaStatus.probe().reason().orElse("none"));
        try (Device device = Device.open(spec)) {
            System.out.println("opened: " + device.spec() + " " + device.kind());
        } catch (DeviceException e) {
            System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
        }
    }

    /** Launches a kernel on an address that is nobody's, and goes on as a caller would. */
    private static void lose() {
        DeviceBuffer orphan;
        try (Device device = Device.open("cuda:0")) {
            Stream stream = device.stream();
            DeviceBuffer good = device.allocate(Element.I64, 6);
            orphan = good;
            DeviceBuffer bad = device.wrap(0x7000_0000_0000L, Element.I64, 6);
            attempt(
                    "launch",
                    () -> stream.launch(
                            device.kernel(RowSet.ASSIGN),
                            LaunchShape.linear(1, 1),
                            new Arguments(RowSet.ASSIGN)
                                    .buffer(bad)
                                    .i64(0)
                                    .i64(0)
                                    .i64(0)
                                    .buffer(null)
                                    .buffer(null)
                                    .i64(0)));
            attempt("download", () -> stream.download(good, 0, new long[6], 0, 6));
            attempt("allocate", () -> device.allocate(Element.F32, 1));
            attempt("zero", () -> stream.zero(good, 0, 6));
        }
        attempt("use after close", orphan::address);
        try (Device device = Device.open("cuda:0");
                Stream stream = device.stream();
                RowSet rows = RowSet.on(device)) {
            attempt("reopened", () -> rows.assign(stream, 1, 2, 3));
            attempt("reopened wait", stream::synchronize);
        }
    }

    private static void attempt(String what, Runnable operation) {
        try {
            operation.run();
            System.out.println(what + ": fine");
        } catch (DeviceException | IllegalStateException e) {
            System.out.println(what + ": " + e.getMessage());
        }
    }

    /** Allocates until there is no room, then shows that the room comes back. */
    private static void fill() {
        try (Device device = Device.open("cuda:0")) {
            List<DeviceBuffer> held = new java.util.ArrayList<>();
            long size = 1 << 18;
            try {
                while (true) {
                    held.add(device.allocate(Element.F32, size));
                }
            } catch (OutOfDeviceMemoryException e) {
                System.out.println("full: " + e.getMessage());
                System.out.println(
                        "asked " + e.askedBytes() + ", free below that: " + (e.freeBytes() < e.askedBytes()));
            }
            long allocated = device.allocatedBytes();
            held.forEach(DeviceBuffer::close);
            System.out.println("held " + (allocated == held.size() * size * 4) + ", now " + device.allocatedBytes());
            device.allocate(Element.F32, size).close();
            System.out.println("again: fine");
        }
    }
}
