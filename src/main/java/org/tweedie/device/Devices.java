package org.tweedie.device;

import org.tweedie.device.host.HostDevice;

/** Opens devices by spec. */
final class Devices {
    private Devices() {}

    static Device open(String spec) {
        if (spec.equals("cpu")) {
            return new HostDevice(Runtime.getRuntime().availableProcessors());
        }
        if (spec.startsWith("cpu:")) {
            return new HostDevice(threads(spec));
        }
        if (spec.equals("auto")) {
            return open("cpu");
        }
        throw new IllegalArgumentException("device must be auto, cpu, cpu:THREADS or cuda:N, got '" + spec + "'");
    }

    private static int threads(String spec) {
        try {
            int threads = Integer.parseInt(spec.substring(4));
            if (threads >= 1 && threads <= 4096) {
                return threads;
            }
        } catch (NumberFormatException e) {
            // said below, with the range
        }
        throw new IllegalArgumentException("cpu:THREADS takes 1 to 4096 threads, got '" + spec + "'");
    }
}
