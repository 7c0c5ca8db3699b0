package org.tweedie.device;

import java.util.List;

/**
 * A kernel as Java knows it: the name of its {@code extern "C"} entry, its parameters in order, and its twin. Immutable.
 *
 * @param name entry name, for example {@code step_cell_f32}
 * @param parameters checked against the CUDA source by a test
 * @param twin does the same on the host device
 */
public record KernelEntry(String name, List<Parameter> parameters, Twin twin) {
    public KernelEntry {
        parameters = List.copyOf(parameters);
    }

    public static KernelEntry of(String name, Twin twin, Parameter... parameters) {
        return new KernelEntry(name, List.of(parameters), twin);
    }

    /** Another kernel with the parameters of this one. */
    public KernelEntry like(String otherName, Twin otherTwin) {
        return new KernelEntry(otherName, parameters, otherTwin);
    }

    /** The type of one kernel parameter. Immutable. */
    public enum Parameter {
        /** An address on the device: a buffer and an offset, or null. */
        POINTER,
        /** int32_t. */
        I32,
        /** int64_t or uint64_t. */
        I64,
        /** float. */
        F32,
        /** double. */
        F64
    }

    /** The Java twin of a kernel: same formula, same order of sums, so the same bits wherever Java runs. Stateless: one twin runs in many threads at once. */
    @FunctionalInterface
    public interface Twin {
        void run(Arguments arguments, Team team);
    }
}
