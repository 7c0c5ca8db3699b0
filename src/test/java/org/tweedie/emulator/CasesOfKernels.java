package org.tweedie.emulator;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.tweedie.device.Device;
import org.tweedie.kernels.CudaSource;
import org.tweedie.kernels.LaunchSet;
import org.tweedie.testing.EmulatedDriver;

/** Which cases of the launch set launch what is compiled from a source: those that a change of it may change. */
final class CasesOfKernels {
    private final Path kernels;
    private final Map<String, Set<String>> launched = new HashMap<>();

    /** Runs every case once. */
    CasesOfKernels(Path kernels, Device emulated) {
        this.kernels = kernels;
        List<String> all = LaunchSet.kernels();
        for (LaunchSet.Case one : LaunchSet.cases()) {
            Map<String, Long> before = counts(all);
            one.on(emulated);
            counts(all).forEach((kernel, count) -> {
                if (count > before.get(kernel)) {
                    launched.computeIfAbsent(kernel, k -> new TreeSet<>()).add(one.toString());
                }
            });
        }
    }

    private static Map<String, Long> counts(List<String> kernels) {
        Map<String, Long> counts = new HashMap<>();
        kernels.forEach(kernel -> counts.put(kernel, EmulatedDriver.stat("launches:" + kernel)));
        return counts;
    }

    /** @param source below the folder of kernels */
    Set<String> of(Path source) throws IOException {
        Set<String> cases = new TreeSet<>();
        for (CudaSource one : CudaSource.below(kernels)) {
            if (one.reaches(kernels, kernels.resolve(source)::equals)) {
                one.entries().keySet().forEach(kernel -> cases.addAll(launched.getOrDefault(kernel, Set.of())));
            }
        }
        return cases;
    }
}
