package org.tweedie.device.cuda;

import jcuda.driver.CUevent;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.tweedie.device.Allocations;
import org.tweedie.device.Event;

/** A CUDA event with its time. */
final class CudaEvent implements Event {
    final Guard guard;
    final CUevent handle;
    /** True once a stream took it. */
    volatile boolean recorded;

    private final Context context;
    private final Allocations.Ticket ticket;

    CudaEvent(Context context) {
        this.context = context;
        CUevent event = new CUevent();
        this.handle = event;
        context.open(() -> JCudaDriver.cuEventCreate(event, 0), "cuEventCreate", 0);
        this.guard = new Guard(
                "this event on " + context.spec,
                () -> context.close(() -> JCudaDriver.cuEventDestroy(event), "cuEventDestroy"));
        this.ticket = context.allocations.opened(this, "an event", 0, guard::close);
    }

    @Override
    public void synchronize() {
        guard.enter();
        try {
            context.call(() -> JCudaDriver.cuEventSynchronize(handle), "cuEventSynchronize");
        } finally {
            guard.exit();
        }
    }

    @Override
    public float millisecondsSince(Event earlier) {
        if (!(earlier instanceof CudaEvent start)) {
            throw new IllegalArgumentException("the earlier event belongs to another device than " + context.spec);
        }
        float[] milliseconds = new float[1];
        guard.enter();
        try {
            start.guard.enter();
            try {
                int code = start.recorded && recorded
                        ? context.code(() -> JCudaDriver.cuEventElapsedTime(milliseconds, start.handle, handle))
                        : CUresult.CUDA_ERROR_NOT_READY;
                if (code == CUresult.CUDA_ERROR_NOT_READY) {
                    throw new IllegalStateException(
                            "both events must be recorded and passed; record them and synchronize first");
                }
                if (code != 0) {
                    throw context.failure(code, "cuEventElapsedTime");
                }
            } finally {
                start.guard.exit();
            }
        } finally {
            guard.exit();
        }
        return milliseconds[0];
    }

    @Override
    public void close() {
        ticket.close(this);
    }
}
