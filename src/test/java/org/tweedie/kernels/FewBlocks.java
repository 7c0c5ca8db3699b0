package org.tweedie.kernels;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;
import org.tweedie.device.Kernel;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;

/** The fewest blocks that a kernel may be launched with. */
final class FewBlocks {
    private FewBlocks() {}

    /** A stream that launches one block where blocks share the work in strides of the grid, and one row of tiles where tiles do. */
    static Stream of(Stream stream) {
        return (Stream) Proxy.newProxyInstance(
                FewBlocks.class.getClassLoader(), new Class<?>[] {Stream.class}, (proxy, method, arguments) -> {
                    Object[] passed = arguments;
                    if (passed != null && passed.length == 3 && passed[1] instanceof LaunchShape shape) {
                        passed = passed.clone();
                        passed[1] = shape(((Kernel) passed[0]).entry().name(), shape);
                    }
                    try {
                        return method.invoke(stream, passed);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static LaunchShape shape(String kernel, LaunchShape s) {
        if (kernel.equals("reduce_partials_f32") || (kernel.contains("weight_gradient") && !kernel.contains("sum"))) {
            return s; // blocks are lanes of a sum, or tiles of it
        }
        if (kernel.equals(TrainSteps.STEPS.name())
                || kernel.equals(TrainSteps.CHAIN.name())
                || kernel.equals(TrainSteps.NARROW.name())) {
            return s; // a block's shared memory holds its share of the parameters
        }
        boolean tiles = TILED.contains(kernel);
        if (kernel.startsWith("trajectory_mlp512")) {
            int cluster = kernel.endsWith("split") ? 4 : 2;
            return new LaunchShape(cluster, 1, 1, s.blockX(), 1, 1, s.sharedBytes());
        }
        return new LaunchShape(
                tiles ? s.gridX() : 1, 1, s.gridZ(), s.blockX(), s.blockY(), s.blockZ(), s.sharedBytes());
    }

    /** Kernels whose x is the columns and whose y goes down the rows in strides. */
    private static final Set<String> TILED = Set.of(
            "linear_f32",
            "linear_f16",
            "linear_bf16",
            "linear_packed_f16",
            "linear_packed_bf16",
            "linear_input_gradient_f32",
            "linear_wide_f32",
            "linear_wide_input_gradient_f32");
}
