package org.tweedie.device.cuda;

import static jcuda.driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED;
import static jcuda.driver.CUstream_flags.CU_STREAM_NON_BLOCKING;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import jcuda.CudaException;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUgraph;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Allocations;
import org.tweedie.device.Arguments;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceException;
import org.tweedie.device.Event;
import org.tweedie.device.Graph;
import org.tweedie.device.HostBuffer;
import org.tweedie.device.Kernel;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.device.host.Transfer;

/** A CUDA stream, independent of the legacy default stream: ours, or the caller's. */
final class CudaStream implements Stream {
    private final CudaDevice device;
    private final Context context;
    private final StreamHandle handle;
    private final LaunchBlock block;
    private final Staging staging;
    private final Guard guard;
    private final LastLaunch last;
    private final Allocations.Ticket ticket;

    private @Nullable Set<CudaBuffer> captured;

    /** Takes over {@code handle}, counted into the context's guard, whatever happens. */
    private CudaStream(CudaDevice device, StreamHandle handle, boolean owned) {
        this.device = device;
        this.context = device.context();
        this.handle = handle;
        this.last = new LastLaunch();
        LaunchBlock arguments;
        try {
            arguments = new LaunchBlock(context);
        } catch (RuntimeException | Error e) {
            context.close(() -> owned ? JCudaDriver.cuStreamDestroy(handle) : 0, "cuStreamDestroy");
            throw e;
        }
        Staging through = new Staging(context, handle, last);
        this.block = arguments;
        this.staging = through;
        this.guard = new Guard("this stream on " + context.spec, () -> {
            through.free();
            context.giveBack(arguments::free, "cuMemFreeHost");
            context.close(() -> owned ? JCudaDriver.cuStreamDestroy(handle) : 0, "cuStreamDestroy");
        });
        this.ticket =
                context.allocations.opened(this, owned ? "a stream" : "the wrapping of a stream", 0, guard::close);
    }

    static CudaStream open(CudaDevice device) {
        StreamHandle handle = new StreamHandle();
        device.context().open(() -> JCudaDriver.cuStreamCreate(handle, CU_STREAM_NON_BLOCKING), "cuStreamCreate", 0);
        return new CudaStream(device, handle, true);
    }

    static CudaStream wrap(CudaDevice device, long value) {
        StreamHandle handle = StreamHandle.of(value);
        device.context().guard.enter();
        return new CudaStream(device, handle, false);
    }

    Context context() {
        return context;
    }

    /** For the CUDA libraries; inside {@link #hold(Runnable, CudaBuffer...)}. */
    CUstream cuda() {
        return handle;
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public long handle() {
        guard.enter();
        guard.exit();
        return handle.value();
    }

    @Override
    public void launch(Kernel kernel, LaunchShape shape, Arguments arguments) {
        launch(kernel, shape, arguments, false);
    }

    @Override
    public void launchTogether(Kernel kernel, LaunchShape shape, Arguments arguments) {
        refuseCapture("a launch whose blocks wait for each other");
        launch(kernel, shape, arguments, true);
    }

    private void launch(Kernel kernel, LaunchShape shape, Arguments arguments, boolean together) {
        if (!(kernel instanceof CudaKernel mine) || mine.context != context) {
            throw new IllegalArgumentException(
                    kernel.entry().name() + " was bound to another device than " + context.spec);
        }
        int count = arguments.size();
        if (!arguments.entry().parameters().equals(kernel.entry().parameters())
                || count != kernel.entry().parameters().size()) {
            throw new IllegalArgumentException(kernel.entry().name() + ": " + count + " arguments given for "
                    + arguments.entry().name() + ", the kernel takes "
                    + kernel.entry().parameters().size());
        }
        enter();
        int held = 0;
        int reached = 0;
        try {
            for (; reached < arguments.reached().size(); reached++) {
                hold(arguments.reached().get(reached));
            }
            for (; held < count; held++) {
                long bits = arguments.bits(held);
                if (kernel.entry().parameters().get(held) == Parameter.POINTER) {
                    bits = hold(arguments, held, bits);
                }
                block.put(held, bits);
            }
            CUcontext callers = context.enter();
            try {
                mine.admit(shape);
                launch(mine, shape, together);
            } finally {
                context.leave(callers);
            }
        } finally {
            while (--held >= 0) {
                if (arguments.buffer(held) instanceof CudaBuffer buffer) {
                    buffer.guard.exit();
                }
            }
            while (--reached >= 0) {
                ((CudaBuffer) arguments.reached().get(reached)).guard.exit();
            }
            guard.exit();
        }
    }

    /** The address of a pointer argument, its buffer held open until the launch is queued. */
    private long hold(Arguments arguments, int i, long offset) {
        DeviceBuffer buffer = arguments.buffer(i);
        if (buffer == null) {
            return 0;
        }
        CudaBuffer mine = hold(buffer);
        return mine.address + offset * mine.element().bytes();
    }

    private CudaBuffer hold(DeviceBuffer buffer) {
        CudaBuffer mine = mine(buffer);
        mine.guard.enter();
        if (captured != null) {
            captured.add(mine);
        }
        return mine;
    }

    private void launch(CudaKernel kernel, LaunchShape shape, boolean together) {
        last.set(kernel, shape);
        int code;
        try { // not Codes.of: nothing is allocated on this path
            code = together
                    ? JCudaDriver.cuLaunchCooperativeKernel(
                            kernel.function,
                            (int) shape.gridX(),
                            shape.gridY(),
                            shape.gridZ(),
                            shape.blockX(),
                            shape.blockY(),
                            shape.blockZ(),
                            shape.sharedBytes(),
                            handle,
                            block.pointer())
                    : JCudaDriver.cuLaunchKernel(
                            kernel.function,
                            (int) shape.gridX(),
                            shape.gridY(),
                            shape.gridZ(),
                            shape.blockX(),
                            shape.blockY(),
                            shape.blockZ(),
                            shape.sharedBytes(),
                            handle,
                            block.pointer(),
                            null);
            if (code == 0 && context.sync && captured == null) {
                code = JCudaDriver.cuStreamSynchronize(handle);
            }
        } catch (CudaException e) {
            code = Codes.code(e);
        }
        if (code != 0) {
            throw context.failure(code, kernel.entry().name() + " " + shape);
        }
    }

    CudaBuffer mine(DeviceBuffer buffer) {
        if (buffer instanceof CudaBuffer mine && ((CudaDevice) mine.device()).context().ordinal == context.ordinal) {
            return mine;
        }
        throw new IllegalArgumentException(
                "a buffer of " + buffer.device().spec() + " cannot be used on " + context.spec + "; copy it");
    }

    private void refuseCapture(String what) {
        if (captured != null) {
            throw new IllegalStateException(what + " cannot be captured in a graph");
        }
    }

    static void range(String copy, CudaBuffer buffer, long at, long count) {
        if (at < 0 || count < 0 || count > buffer.count() - at) {
            throw new IllegalArgumentException(
                    copy + " of " + count + " elements at " + at + " of a buffer of " + buffer.count());
        }
    }

    static CUdeviceptr at(CudaBuffer buffer, long at) {
        return Address.of(buffer.address + at * buffer.element().bytes());
    }

    /** Runs {@code work} in context, with the stream and the buffers held open; notes the buffers while capturing. */
    void hold(Runnable work, CudaBuffer... buffers) {
        enter();
        int held = 0;
        try {
            for (; held < buffers.length; held++) {
                buffers[held].guard.enter();
            }
            if (captured != null) {
                captured.addAll(List.of(buffers));
            }
            CUcontext callers = context.enter();
            try {
                work.run();
            } finally {
                context.leave(callers);
            }
        } finally {
            while (--held >= 0) {
                buffers[held].guard.exit();
            }
            guard.exit();
        }
    }

    private void check(int code, String what) {
        if (code != 0) {
            throw context.failure(code, what, last);
        }
    }

    @Override
    public void upload(Object array, int from, DeviceBuffer into, long at, int count) {
        refuseCapture("an upload from a Java array");
        CudaBuffer target = mine(into);
        Transfer.requireRange("upload", array, from, count, target.element());
        range("upload", target, at, count);
        hold(
                () -> staging.upload(
                        array, from, at(target, at), count, target.element().bytes()),
                target);
    }

    @Override
    public void download(DeviceBuffer from, long at, Object array, int into, int count) {
        refuseCapture("a download into a Java array");
        CudaBuffer source = mine(from);
        Transfer.requireRange("download", array, into, count, source.element());
        range("download", source, at, count);
        hold(
                () -> staging.download(
                        at(source, at), array, into, count, source.element().bytes()),
                source);
    }

    @Override
    public void uploadAsync(HostBuffer from, int fromAt, DeviceBuffer into, long at, int count) {
        refuseCapture("a copy from host memory");
        CudaBuffer target = mine(into);
        PinnedBuffer pinned = pinned(from, target);
        range("upload", target, at, count);
        Pointer source = pinned.pointer(fromAt, count, "upload");
        long bytes = (long) count * target.element().bytes();
        pinned.guard.enter();
        try {
            hold(
                    () -> check(
                            Codes.of(() -> JCudaDriver.cuMemcpyHtoDAsync(at(target, at), source, bytes, handle)),
                            "cuMemcpyHtoDAsync of " + bytes + " bytes"),
                    target);
        } finally {
            pinned.guard.exit();
        }
    }

    @Override
    public void downloadAsync(DeviceBuffer from, long at, HostBuffer into, int intoAt, int count) {
        refuseCapture("a copy into host memory");
        CudaBuffer source = mine(from);
        PinnedBuffer pinned = pinned(into, source);
        range("download", source, at, count);
        Pointer target = pinned.pointer(intoAt, count, "download");
        long bytes = (long) count * source.element().bytes();
        pinned.guard.enter();
        try {
            hold(
                    () -> check(
                            Codes.of(() -> JCudaDriver.cuMemcpyDtoHAsync(target, at(source, at), bytes, handle)),
                            "cuMemcpyDtoHAsync of " + bytes + " bytes"),
                    source);
        } finally {
            pinned.guard.exit();
        }
    }

    private PinnedBuffer pinned(HostBuffer buffer, CudaBuffer other) {
        if (!(buffer instanceof PinnedBuffer pinned)) {
            throw new IllegalArgumentException("host memory must come from pinned() of a CUDA device");
        }
        if (pinned.element() != other.element()) {
            throw new IllegalArgumentException(
                    "copy between host memory of " + pinned.element() + " and a buffer of " + other.element());
        }
        return pinned;
    }

    @Override
    public void copy(DeviceBuffer from, long fromAt, DeviceBuffer into, long intoAt, long count) {
        CudaBuffer source = mine(from);
        CudaBuffer target = mine(into);
        if (source.element() != target.element()) {
            throw new IllegalArgumentException("copy from " + source.element() + " into " + target.element());
        }
        range("copy", source, fromAt, count);
        range("copy", target, intoAt, count);
        if (count == 0) {
            return;
        }
        long bytes = count * source.element().bytes();
        hold(
                () -> check(
                        Codes.of(() ->
                                JCudaDriver.cuMemcpyDtoDAsync(at(target, intoAt), at(source, fromAt), bytes, handle)),
                        "cuMemcpyDtoDAsync of " + bytes + " bytes"),
                source,
                target);
    }

    @Override
    public void zero(DeviceBuffer buffer, long at, long count) {
        CudaBuffer target = mine(buffer);
        range("zero", target, at, count);
        if (count == 0) {
            return;
        }
        long bytes = count * target.element().bytes();
        hold(
                () -> check(
                        Codes.of(() -> JCudaDriver.cuMemsetD8Async(at(target, at), (byte) 0, bytes, handle)),
                        "cuMemsetD8Async of " + bytes + " bytes"),
                target);
    }

    @Override
    public void record(Event event) {
        refuseCapture("an event");
        with(
                event,
                mine -> {
                    int code = JCudaDriver.cuEventRecord(mine.handle, handle);
                    if (code == 0) {
                        mine.recorded = true;
                    }
                    return code;
                },
                "cuEventRecord");
    }

    @Override
    public void await(Event event) {
        refuseCapture("a wait");
        with(event, mine -> JCudaDriver.cuStreamWaitEvent(handle, mine.handle, 0), "cuStreamWaitEvent");
    }

    @FunctionalInterface
    private interface EventCall {
        int code(CudaEvent event);
    }

    private void with(Event event, EventCall call, String what) {
        if (!(event instanceof CudaEvent mine)) {
            throw new IllegalArgumentException("the event belongs to another device than " + context.spec);
        }
        enter();
        try {
            mine.guard.enter();
            try {
                check(context.code(() -> call.code(mine)), what);
            } finally {
                mine.guard.exit();
            }
        } finally {
            guard.exit();
        }
    }

    @Override
    public void synchronize() {
        refuseCapture("a wait");
        enter();
        try {
            check(context.code(() -> JCudaDriver.cuStreamSynchronize(handle)), "cuStreamSynchronize");
        } finally {
            guard.exit();
        }
    }

    /** The stream stays entered from begin to end: one that is closed meanwhile is destroyed after its capture has ended. */
    @Override
    public Graph capture(Runnable work) {
        refuseCapture("a capture");
        Set<CudaBuffer> buffers = new LinkedHashSet<>();
        CUgraph graph = new CUgraph();
        guard.enterAlone();
        try {
            // relaxed: what other threads, or the binding of a kernel, do meanwhile is not this graph's business
            context.call(
                    () -> JCudaDriver.cuStreamBeginCapture(handle, CU_STREAM_CAPTURE_MODE_RELAXED),
                    "cuStreamBeginCapture");
            boolean done = false;
            captured = buffers;
            try {
                work.run();
                done = true;
            } finally {
                captured = null;
                if (!done) {
                    abandon();
                }
            }
            try {
                context.call(() -> JCudaDriver.cuStreamEndCapture(handle, graph), "cuStreamEndCapture");
            } catch (DeviceException e) {
                abandon();
                throw e;
            }
            return new CudaGraph(context, graph, new ArrayList<>(buffers));
        } finally {
            guard.exit();
        }
    }

    /** Ends a capture that failed, if it has not ended by its failure, so that the stream can be used again. */
    private void abandon() {
        CUgraph graph = new CUgraph();
        if (context.attempt(() -> JCudaDriver.cuStreamEndCapture(handle, graph)) == 0) {
            context.giveBackGraph(() -> JCudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
        }
    }

    /** Counts the one thread of this stream in; it may be inside already, capturing. */
    private void enter() {
        guard.enterBeside(captured == null ? 0 : 1);
    }

    @Override
    public void launch(Graph graph) {
        refuseCapture("the replay of a graph");
        if (!(graph instanceof CudaGraph mine) || mine.context != context) {
            throw new IllegalArgumentException("the graph was captured on another device than " + context.spec);
        }
        List<CudaBuffer> buffers = mine.buffers;
        enter();
        int held = 0;
        try {
            mine.guard.enter();
            try {
                for (; held < buffers.size(); held++) {
                    buffers.get(held).guard.enter();
                }
                int code = context.code(() -> JCudaDriver.cuGraphLaunch(mine.handle, handle));
                if (code == 0 && context.sync) {
                    code = context.code(() -> JCudaDriver.cuStreamSynchronize(handle));
                }
                if (code != 0) {
                    throw context.failure(code, "cuGraphLaunch of " + mine.size() + " operations");
                }
            } finally {
                while (--held >= 0) {
                    buffers.get(held).guard.exit();
                }
                mine.guard.exit();
            }
        } finally {
            guard.exit();
        }
    }

    @Override
    public void close() {
        ticket.close(this);
    }

    @Override
    public String toString() {
        return guard.toString();
    }
}
