package org.tweedie.device;

import java.util.Optional;
import org.tweedie.device.cuda.CudaDevice;
import org.tweedie.device.host.HostDevice;

/** Opens devices by spec. */
final class Devices {
    private static final System.Logger LOG = System.getLogger("org.tweedie.device");

    private Devices() {}

    static Device open(String spec) {
        if (spec.equals("cpu")) {
            return new HostDevice(Runtime.getRuntime().availableProcessors());
        }
        if (spec.startsWith("cpu:")) {
            return new HostDevice(threads(spec));
        }
        if (spec.startsWith("cuda:")) {
            return CudaDevice.open(ordinal(spec));
        }
        if (spec.equals("auto")) {
            return first();
        }
        throw new IllegalArgumentException("device must be auto, cpu, cpu:THREADS or cuda:N, got '" + spec + "'");
    }

    /** What {@code -Dtweedie.device} says, else the first usable GPU, else the host. */
    private static Device first() {
        String said = System.getProperty("tweedie.device", "auto");
        if (!said.equals("auto")) {
            return open(said);
        }
        Optional<Integer> gpu = CudaStatus.probe().firstUsable();
        if (gpu.isPresent()) {
            try {
                return CudaDevice.open(gpu.get());
            } catch (DeviceException e) {
                LOG.log(System.Logger.Level.WARNING, e.getMessage() + "; using the host device");
            }
        }
        return open("cpu");
    }

    private static int ordinal(String spec) {
        int ordinal = number(spec.substring("cuda:".length()));
        if (ordinal >= 0) {
            return ordinal;
        }
        throw new IllegalArgumentException("cuda:N takes the number of a GPU, from 0, got '" + spec + "'");
    }

    private static int threads(String spec) {
        int threads = number(spec.substring("cpu:".length()));
        if (threads >= 1 && threads <= 4096) {
            return threads;
        }
        throw new IllegalArgumentException("cpu:THREADS takes 1 to 4096 threads, got '" + spec + "'");
    }

    /** Digits and nothing else, or -1. */
    private static int number(String digits) {
        return digits.matches("[0-9]{1,9}") ? Integer.parseInt(digits) : -1;
    }
}
