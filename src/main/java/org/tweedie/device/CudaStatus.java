package org.tweedie.device;

import java.util.List;
import java.util.Optional;

/**
 * Whether CUDA can be used here, and if not why. Probing loads the driver at most once, opens no context, and never throws. Immutable.
 *
 * @param reason one line that says why no GPU can be used; empty where one can
 * @param driverVersion CUDA level of the driver, 12040 for 12.4; 0 where no driver was found
 * @param gpus what the driver lists
 */
public record CudaStatus(Optional<String> reason, int driverVersion, List<Gpu> gpus) {
    public CudaStatus {
        gpus = List.copyOf(gpus);
    }

    /** Looks for a driver and its GPUs. */
    public static CudaStatus probe() {
        return org.tweedie.device.cuda.CudaProbe.status();
    }

    /** The ordinal of the first GPU that can be used. */
    public Optional<Integer> firstUsable() {
        return gpus.stream()
                .filter(gpu -> gpu.refusal().isEmpty())
                .map(Gpu::ordinal)
                .findFirst();
    }

    /**
     * One GPU. Immutable.
     *
     * @param ordinal N of {@code cuda:N}
     * @param major of its compute capability
     * @param minor of its compute capability
     * @param memory total bytes
     * @param refusal why it cannot be used; empty where it can
     */
    public record Gpu(
            int ordinal, String name, DeviceKind kind, int major, int minor, long memory, Optional<String> refusal) {}
}
