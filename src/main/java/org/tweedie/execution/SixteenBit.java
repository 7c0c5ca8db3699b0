package org.tweedie.execution;

import java.util.Optional;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;
import org.tweedie.score.Field;
import org.tweedie.score.HalfMlp;
import org.tweedie.score.MlpNetwork;

/** Which programs the executions that launch each layer run with products of 16-bit numbers, or of tf32: those of {@code graph-16bit} and {@code stepwise-16bit}. */
final class SixteenBit {
    private SixteenBit() {}

    /** Why not, or nothing. */
    static Optional<String> refusal(Program program, Device device) {
        if (device.kind() == DeviceKind.HOST) {
            return Optional.of("the host multiplies in f32");
        } else if (program.precision() == Precision.F32) {
            return Optional.of("products of 16-bit numbers were not asked for; precision f16, bf16 or tf32 does");
        } else if (program.precision() == Precision.F16X3) {
            return Optional.of(
                    "layers one at a time have no products of split operands; f32 is the next of that class");
        }
        if (program.precision() == Precision.TF32 && !device.limits().warpgroups()) {
            return Optional.of(
                    "this GPU has no kernel for products of tf32, which compute capability 9.0 has; f32 is the next");
        }
        boolean any = false;
        for (Field field : program.fields().values()) {
            if (field instanceof MlpNetwork network) {
                any = true;
                Optional<String> beyond =
                        HalfMlp.beyondRange(network, program.precision().element());
                if (beyond.isPresent()) {
                    return beyond;
                }
            }
        }
        return any ? Optional.empty() : Optional.of("no field of the plan is a multilayer perceptron");
    }

    /** What {@code explain()} adds where it is taken. */
    static String says(Program program, Device device) {
        String spec = program.precision().spec();
        return "; layers after the first by " + (device.limits().warpgroups() ? "tiles_linear_" : "linear_packed_")
                + spec + " with bias and activation, hidden rows kept in " + spec;
    }
}
