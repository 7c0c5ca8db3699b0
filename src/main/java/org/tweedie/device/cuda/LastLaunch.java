package org.tweedie.device.cuda;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.LaunchShape;

/** What a stream launched last: the first suspect when a later call reports a failure of queued work. */
final class LastLaunch {
    private @Nullable CudaKernel kernel;
    private @Nullable LaunchShape shape;

    void set(CudaKernel launched, LaunchShape shaped) {
        kernel = launched;
        shape = shaped;
    }

    /** The kernel and its shape; empty where nothing was launched. */
    @Override
    public String toString() {
        return kernel == null ? "" : kernel.entry().name() + " " + shape;
    }
}
