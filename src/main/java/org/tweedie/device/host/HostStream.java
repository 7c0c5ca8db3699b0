package org.tweedie.device.host;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.ClosedException;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Event;
import org.tweedie.device.Graph;
import org.tweedie.device.HostBuffer;
import org.tweedie.device.Kernel;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.device.Team;

/** Runs each operation as it is queued, or writes it down while capturing. */
final class HostStream implements Stream {
    private final HostDevice device;
    private final Team team;
    private @Nullable List<Runnable> capturing;
    private volatile boolean closed;

    HostStream(HostDevice device, Team team) {
        this.device = device;
        this.team = team;
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public void launch(Kernel kernel, LaunchShape shape, Arguments arguments) {
        if (!arguments.entry().parameters().equals(kernel.entry().parameters())
                || arguments.size() != kernel.entry().parameters().size()) {
            throw new IllegalArgumentException(
                    kernel.entry().name() + ": " + arguments.size() + " arguments given, the kernel takes "
                            + kernel.entry().parameters().size());
        }
        queue(() -> kernel.entry().twin().run(arguments, team));
    }

    @Override
    public void launchTogether(Kernel kernel, LaunchShape shape, Arguments arguments) {
        refuseCapture("a launch whose blocks wait for each other");
        launch(kernel, shape, arguments);
    }

    private void requireOpen() {
        device.requireOpen();
        if (closed) {
            throw new ClosedException("this stream on " + device.spec());
        }
    }

    private void queue(Runnable operation) {
        requireOpen();
        if (capturing != null) {
            capturing.add(operation);
        } else {
            operation.run();
        }
    }

    private void refuseCapture(String what) {
        requireOpen();
        if (capturing != null) {
            throw new IllegalStateException(what + " cannot be captured in a graph");
        }
    }

    @Override
    public void upload(Object array, int from, DeviceBuffer into, long at, int count) {
        refuseCapture("an upload from a Java array");
        Transfer.requireRange("upload", array, from, count, into.element());
        range("upload", into, at, count);
        System.arraycopy(array, from, array(into), (int) at, count);
    }

    @Override
    public void download(DeviceBuffer from, long at, Object array, int into, int count) {
        refuseCapture("a download into a Java array");
        Transfer.requireRange("download", array, into, count, from.element());
        range("download", from, at, count);
        System.arraycopy(array(from), (int) at, array, into, count);
    }

    private static void range(String copy, DeviceBuffer buffer, long at, long count) {
        if (at < 0 || count < 0 || count > buffer.count() - at) {
            throw new IllegalArgumentException(
                    copy + " of " + count + " elements at " + at + " of a buffer of " + buffer.count());
        }
    }

    @Override
    public void uploadAsync(HostBuffer from, int fromAt, DeviceBuffer into, long at, int count) {
        refuseCapture("a copy from host memory");
        range("upload", into, at, count);
        Transfer.between(slice(from, fromAt, count, into), array(into), (int) at, count, true);
    }

    @Override
    public void downloadAsync(DeviceBuffer from, long at, HostBuffer into, int intoAt, int count) {
        refuseCapture("a copy into host memory");
        range("download", from, at, count);
        Transfer.between(slice(into, intoAt, count, from), array(from), (int) at, count, false);
    }

    private static ByteBuffer slice(HostBuffer buffer, int at, int count, DeviceBuffer other) {
        if (buffer.element() != other.element()) {
            throw new IllegalArgumentException(
                    "copy between host memory of " + buffer.element() + " and a buffer of " + other.element());
        }
        if (at < 0 || count > buffer.count() - at) {
            throw new IllegalArgumentException(
                    "copy of " + count + " elements at " + at + " of page-locked memory of " + buffer.count());
        }
        int size = buffer.element().bytes();
        return buffer.memory()
                .slice(at * size, count * size)
                .order(buffer.memory().order());
    }

    @Override
    public void copy(DeviceBuffer from, long fromAt, DeviceBuffer into, long intoAt, long count) {
        if (from.element() != into.element()) {
            throw new IllegalArgumentException("copy from " + from.element() + " into " + into.element());
        }
        range("copy", from, fromAt, count);
        range("copy", into, intoAt, count);
        array(from);
        array(into);
        queue(() -> System.arraycopy(array(from), (int) fromAt, array(into), (int) intoAt, (int) count));
    }

    @Override
    public void zero(DeviceBuffer buffer, long at, long count) {
        range("zero", buffer, at, count);
        array(buffer);
        queue(() -> Transfer.zero(array(buffer), (int) at, (int) (at + count)));
    }

    private static Object array(DeviceBuffer buffer) {
        if (buffer instanceof HostArrayBuffer mine) {
            return mine.array();
        }
        throw new IllegalArgumentException(
                "a buffer of " + buffer.device().spec() + " cannot be used on the host device; copy it");
    }

    private static HostEvent mine(Event event) {
        if (event instanceof HostEvent mine) {
            return mine;
        }
        throw new IllegalArgumentException("the event belongs to another device than the host");
    }

    @Override
    public void record(Event event) {
        refuseCapture("an event");
        mine(event).record();
    }

    @Override
    public void await(Event event) {
        refuseCapture("a wait");
        mine(event).requireOpen();
    }

    @Override
    public void synchronize() {
        refuseCapture("a wait");
    }

    @Override
    public Graph capture(Runnable work) {
        refuseCapture("a capture");
        List<Runnable> operations = new ArrayList<>();
        capturing = operations;
        try {
            work.run();
        } finally {
            capturing = null;
        }
        return new HostGraph(List.copyOf(operations));
    }

    @Override
    public void launch(Graph graph) {
        refuseCapture("the replay of a graph");
        if (!(graph instanceof HostGraph mine)) {
            throw new IllegalArgumentException("the graph was captured on another device than the host");
        }
        for (Runnable operation : mine.operations()) {
            queue(operation);
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
