package org.tweedie.device.host;

import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
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
        if (arguments.size() != kernel.entry().parameters().size()) {
            throw new IllegalArgumentException(kernel.entry().name() + ": " + arguments.size() + " arguments given, the kernel takes "
                    + kernel.entry().parameters().size());
        }
        queue(() -> kernel.entry().twin().run(arguments, team));
    }

    private void queue(Runnable operation) {
        device.requireOpen();
        if (capturing != null) {
            capturing.add(operation);
        } else {
            operation.run();
        }
    }

    private void refuseCapture(String what) {
        device.requireOpen();
        if (capturing != null) {
            throw new IllegalStateException(what + " cannot be captured in a graph");
        }
    }

    @Override
    public void upload(Object array, int from, DeviceBuffer into, long at, int count) {
        refuseCapture("an upload from a Java array");
        move(array, from, array(into), Math.toIntExact(at), count);
    }

    @Override
    public void download(DeviceBuffer from, long at, Object array, int into, int count) {
        refuseCapture("a download into a Java array");
        move(array(from), Math.toIntExact(at), array, into, count);
    }

    private static void move(Object from, int fromAt, Object into, int intoAt, int count) {
        if (from.getClass() != into.getClass()) {
            throw new IllegalArgumentException("copy from " + from.getClass().getSimpleName() + " into " + into.getClass().getSimpleName());
        }
        if (count < 0 || fromAt < 0 || intoAt < 0 || count > Array.getLength(from) - fromAt || count > Array.getLength(into) - intoAt) {
            throw new IllegalArgumentException("copy of " + count + " elements from " + fromAt + " of " + Array.getLength(from) + " to " + intoAt
                    + " of " + Array.getLength(into));
        }
        System.arraycopy(from, fromAt, into, intoAt, count);
    }

    @Override
    public void uploadAsync(HostBuffer from, int fromAt, DeviceBuffer into, long at, int count) {
        refuseCapture("a copy from host memory");
        Transfer.between(slice(from, fromAt, count), array(into), Math.toIntExact(at), count, true);
    }

    @Override
    public void downloadAsync(DeviceBuffer from, long at, HostBuffer into, int intoAt, int count) {
        refuseCapture("a copy into host memory");
        Transfer.between(slice(into, intoAt, count), array(from), Math.toIntExact(at), count, false);
    }

    private static ByteBuffer slice(HostBuffer buffer, int at, int count) {
        int size = buffer.element().bytes();
        return buffer.memory().slice(at * size, count * size).order(buffer.memory().order());
    }

    @Override
    public void copy(DeviceBuffer from, long fromAt, DeviceBuffer into, long intoAt, long count) {
        queue(() -> move(array(from), Math.toIntExact(fromAt), array(into), Math.toIntExact(intoAt), Math.toIntExact(count)));
    }

    @Override
    public void zero(DeviceBuffer buffer, long at, long count) {
        queue(() -> Transfer.zero(array(buffer), Math.toIntExact(at), Math.toIntExact(at + count)));
    }

    private static Object array(DeviceBuffer buffer) {
        return ((HostArrayBuffer) buffer).array();
    }

    @Override
    public void record(Event event) {
        ((HostEvent) event).record();
    }

    @Override
    public void await(Event event) {}

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
        for (Runnable operation : ((HostGraph) graph).operations()) {
            queue(operation);
        }
    }

    @Override
    public void close() {}
}
