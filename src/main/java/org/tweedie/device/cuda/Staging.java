package org.tweedie.device.cuda;

import static jcuda.driver.CUevent_flags.CU_EVENT_DISABLE_TIMING;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.host.Transfer;

/**
 * Page-locked memory of one stream, through which Java arrays travel: no array is held while the GPU reads it, so the
 * collector is never held up, and copies stay in the stream's order. Two halves: one fills while the other moves.
 * Allocated at the first copy. All calls in context, inside the stream's guard.
 */
final class Staging {
    /** Large enough to hide the cost of a copy call, small enough to stay in the last-level cache. */
    private static final int HALF = 1 << 20;

    private static final int ALIGNMENT = 16;

    private final Context context;
    private final CUstream stream;
    private final LastLaunch last;
    /** For each half, the end of the last copy from or into it. */
    private final List<CUevent> moved = new ArrayList<>();

    private int half;
    private int used;
    private @Nullable Pointer memory;

    Staging(Context context, CUstream stream, LastLaunch last) {
        this.context = context;
        this.stream = stream;
        this.last = last;
    }

    private Pointer memory() {
        Pointer open = memory;
        if (open == null) {
            while (moved.size() < 2) {
                CUevent event = new CUevent();
                check(Codes.of(() -> JCudaDriver.cuEventCreate(event, CU_EVENT_DISABLE_TIMING)), "cuEventCreate");
                moved.add(event);
            }
            Pointer allocated = new Pointer();
            check(
                    Codes.of(() -> JCudaDriver.cuMemHostAlloc(allocated, 2 * HALF, 0)),
                    "cuMemHostAlloc of " + 2 * HALF + " bytes");
            memory = allocated;
            return allocated;
        }
        return open;
    }

    private static ByteBuffer bytes(Pointer memory, int at, int length) {
        return memory.getByteBuffer(at, length).order(ByteOrder.nativeOrder());
    }

    private void check(int code, String what) {
        if (code != 0) {
            throw context.failure(code, what, last);
        }
    }

    /** Queues the copy of {@code count} elements of {@code array}, of {@code size} bytes each; the array is free afterwards. */
    void upload(Object array, int from, CUdeviceptr into, int count, int size) {
        Pointer through = memory();
        int done = 0;
        while (done < count) {
            if (HALF - used < size) {
                turn();
            }
            int piece = Math.min(count - done, (HALF - used) / size);
            int at = half * HALF + used;
            int length = piece * size;
            Transfer.between(bytes(through, at, length), array, from + done, piece, false);
            CUdeviceptr target = into.withByteOffset((long) done * size);
            Pointer source = through.withByteOffset(at);
            check(
                    Codes.of(() -> JCudaDriver.cuMemcpyHtoDAsync(target, source, length, stream)),
                    "cuMemcpyHtoDAsync of " + length + " bytes");
            used += (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
            done += piece;
        }
    }

    /** Leaves the half in use to its copies, and waits for those of the other. */
    private void turn() {
        mark(half);
        half = 1 - half;
        used = 0;
        await(half);
    }

    private void mark(int which) {
        check(Codes.of(() -> JCudaDriver.cuEventRecord(moved.get(which), stream)), "cuEventRecord");
    }

    private void await(int which) {
        check(Codes.of(() -> JCudaDriver.cuEventSynchronize(moved.get(which))), "cuEventSynchronize after a copy");
    }

    /** Copies {@code count} elements into {@code array}, and so waits for all that was queued before. */
    void download(CUdeviceptr from, Object array, int into, int count, int size) {
        if (count == 0) {
            return;
        }
        Pointer through = memory();
        // uploads that still read a half come before these copies in the stream
        int most = HALF / size;
        int pieces = (count - 1) / most + 1;
        fetch(through, from, 0, Math.min(most, count), size);
        for (int piece = 0; piece < pieces; piece++) {
            if (piece + 1 < pieces) {
                fetch(through, from, piece + 1, Math.min(most, count - (piece + 1) * most), size);
            }
            await(piece % 2);
            int elements = Math.min(most, count - piece * most);
            Transfer.between(
                    bytes(through, piece % 2 * HALF, elements * size), array, into + piece * most, elements, true);
        }
        half = 0;
        used = 0;
    }

    private void fetch(Pointer through, CUdeviceptr from, int piece, int elements, int size) {
        CUdeviceptr source = from.withByteOffset((long) piece * HALF);
        Pointer target = through.withByteOffset((long) (piece % 2) * HALF);
        int length = elements * size;
        check(
                Codes.of(() -> JCudaDriver.cuMemcpyDtoHAsync(target, source, length, stream)),
                "cuMemcpyDtoHAsync of " + length + " bytes");
        mark(piece % 2);
    }

    /** Returns the memory when the stream has no more use for it. */
    void free() {
        Pointer open = memory;
        if (open != null) {
            context.settle(() -> JCudaDriver.cuStreamSynchronize(stream), "cuStreamSynchronize", last);
            context.giveBack(() -> JCudaDriver.cuMemFreeHost(open), "cuMemFreeHost");
        }
        for (CUevent event : moved) {
            context.giveBack(() -> JCudaDriver.cuEventDestroy(event), "cuEventDestroy");
        }
    }
}
