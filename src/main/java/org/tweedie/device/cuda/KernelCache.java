package org.tweedie.device.cuda;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** The kernels of one device: each bound once, by whoever asks first, and only while the device is open. Thread-safe. */
final class KernelCache<K> {
    private final Map<String, K> bound = new ConcurrentHashMap<>();
    private final Guard device;

    KernelCache(Guard device) {
        this.device = device;
    }

    /** The kernel of that name; a bound one is handed out without a lock. */
    K get(String name, Supplier<K> bind) {
        K kernel = bound.get(name);
        if (kernel != null && !device.isClosed()) {
            return kernel;
        }
        device.enter();
        try {
            return bound.computeIfAbsent(name, absent -> bind.get());
        } finally {
            device.exit();
        }
    }
}
