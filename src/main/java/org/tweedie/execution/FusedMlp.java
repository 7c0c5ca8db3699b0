package org.tweedie.execution;

import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.Stream;
import org.tweedie.kernels.MlpLaunch;
import org.tweedie.kernels.MlpShape;
import org.tweedie.kernels.TrajectoryMlp;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.Stage;
import org.tweedie.score.Field;
import org.tweedie.score.HalfMlp;
import org.tweedie.score.MlpNetwork;

/**
 * The whole trajectory in one launch, for a multilayer perceptron whose products may be of 16-bit numbers: only where they were asked for.
 * Noise and the linear part of the cells are those of the other executions, the network's values within the bound of
 * {@link TrajectoryMlp}.
 */
final class FusedMlp implements Execution {
    /** Tensor instructions of one launch for each processor: about a tenth of a second, by the cost model of a H200. */
    private static final long PRODUCTS_A_LAUNCH = 1 << 27;

    private final long productsALaunch;

    FusedMlp() {
        this(PRODUCTS_A_LAUNCH);
    }

    FusedMlp(long productsALaunch) {
        this.productsALaunch = productsALaunch;
    }

    @Override
    public String name() {
        return "fused-16bit";
    }

    @Override
    public Offer offer(Program program, Device device, boolean traced) {
        Optional<String> refusal = refusal(program, device);
        if (refusal.isPresent()) {
            return Offer.declined(refusal.get());
        }
        MlpShape shape = HalfMlp.shape(network(program), program.precision().operands());
        if (shape.wide() && !device.limits().warpgroups()) {
            return Offer.declined("the network is " + shape.width()
                    + " wide: above 256 it takes a GPU of compute capability 9.0, whose warps multiply four together");
        }
        int columns = new MlpTrajectory(program, traced, 1).columns();
        MlpLaunch launch = MlpLaunch.of(device.limits(), shape, columns, Integer.MAX_VALUE);
        if (launch.warps() == 0) {
            return Offer.declined(shape.tooLarge(columns, device.limits()));
        }
        KernelEntry entry = TrajectoryMlp.entry(shape, launch.rowsAWarp());
        String few = TrajectoryMlp.entry(shape, MlpLaunch.FEW).name();
        if (shape.wide() && MlpLaunch.of(device.limits(), shape, columns, 1).rowsAWarp() == MlpLaunch.SPLIT) {
            few += " and " + TrajectoryMlp.entry(shape, MlpLaunch.SPLIT).name();
        }
        return Offer.taken("one launch of " + entry.name() + " for the whole trajectory: up to " + launch.warps()
                + " warps a block, " + device.kernel(entry).resources().registers() + " registers a thread, "
                + launch.sharedBytes(shape, columns) + " bytes of shared memory"
                + (launch.passes() ? ", through which weights pass" : "")
                + (shape.wide() ? " to two blocks at once" : "")
                + (launch.rowsAWarp() == MlpLaunch.WARPGROUP ? silu(shape) : "")
                + (launch.rowsAWarp() == MlpLaunch.MANY || shape.wide()
                        ? "; " + few + " with the same bits where rows are few"
                        : ""));
    }

    private static String silu(MlpShape shape) {
        return !shape.sharesSilu()
                ? ""
                : shape.special()
                        ? "; SiLU by special functions alone, as " + HalfMlp.SPECIAL + " says"
                        : "; SiLU of every fourth column by products (" + HalfMlp.SPECIAL + "=true: of none)";
    }

    /** Why this program has no such trajectory, whatever the memory. */
    private static Optional<String> refusal(Program program, Device device) {
        if (device.kind() == DeviceKind.HOST) {
            return Optional.of("the host multiplies in f32");
        } else if (program.precision() == Precision.F32) {
            return Optional.of("products of 16-bit numbers were not asked for; precision f16, bf16 or f16x3 does");
        } else if (program.precision() == Precision.TF32) {
            return Optional.of("whole trajectories have no products of tf32; layers one at a time have");
        } else if (Stepwise.repeats(program.plan())) {
            return Optional.of("a step repeats until a row is done");
        } else if (program.fields().size() != 1) {
            return Optional.of(
                    "it takes one field, the plan has " + program.fields().size());
        }
        Field field = program.fields().values().iterator().next();
        if (!(field instanceof MlpNetwork network)) {
            return Optional.of("the field is no multilayer perceptron");
        }
        for (Cell cell : program.table().cells()) {
            Stage stage = cell.before().orElse(null);
            if (stage instanceof Stage.Evaluate evaluate ? evaluate.t().perRow() : stage != null) {
                return Optional.of(
                        stage instanceof Stage.Evaluate
                                ? "rows have times of their own"
                                : "a row function or a law of the plan has no kernel here");
            }
        }
        return HalfMlp.refusal(network, program.precision().operands());
    }

    private static MlpNetwork network(Program program) {
        return (MlpNetwork) program.fields().values().iterator().next();
    }

    @Override
    public Runner open(Program program, Device device, int rows) {
        Offer offer = offer(program, device, false);
        if (!offer.taken()) {
            throw new IllegalArgumentException(
                    name() + " does not take this plan on " + device.name() + ": " + offer.reason());
        }
        Closing owned = new Closing();
        try {
            Stream stream = owned.add(device.stream());
            HalfMlp network = owned.add(HalfMlp.of(
                    network(program),
                    stream,
                    program.precision().operands(),
                    new MlpTrajectory(program, false, 1).times()));
            return new MlpRunner(program, stream, network, Math.max(1, rows), productsALaunch, owned);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }
}
