package org.tweedie.execution;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.Stream;
import org.tweedie.kernels.MixtureScore;
import org.tweedie.kernels.SdeOperations;
import org.tweedie.kernels.TrajectorySde;
import org.tweedie.plan.CellTable;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.CellTable.Mix;
import org.tweedie.plan.CellTable.Noise;
import org.tweedie.plan.Register;
import org.tweedie.plan.Stage;
import org.tweedie.rng.StandardLaw;
import org.tweedie.score.Field;
import org.tweedie.score.GaussianMixtureScore;

/**
 * The GPU's fused trajectory where the score is a formula: a thread a row, all registers of the plan in machine registers from the start to
 * the end. Takes plans whose fields, if any, are scores of Gaussian mixtures. In its fast form normals come from the GPU's special functions:
 * the numbers of the other executions within some millionths, in half the time, only where less than f32 was allowed.
 */
final class FusedSde implements Execution {
    /** Terms of all evaluations: more would not stay in the cache that all rows read them from. */
    private static final long MOST_TERM_BYTES = 32L << 20;

    /** {@link SdeTrajectory#cost} of one launch: about a tenth of a second for as many rows as run at once, by the cost model of a H200. */
    private static final long COST_A_LAUNCH = 1 << 15;

    private final boolean fast;
    private final long costALaunch;

    FusedSde(boolean fast) {
        this(fast, COST_A_LAUNCH);
    }

    FusedSde(boolean fast, long costALaunch) {
        this.fast = fast;
        this.costALaunch = costALaunch;
    }

    @Override
    public String name() {
        return fast ? "fused-fast" : "fused";
    }

    @Override
    public Offer offer(Program program, Device device, boolean traced) {
        if (device.kind() == DeviceKind.HOST) {
            return Offer.declined("a thread a row is the GPU's way");
        }
        if (fast && program.precision() == Precision.F32) {
            return Offer.declined(
                    "normals of the GPU's special functions were not asked for; a precision below f32 does");
        }
        String reason = declined(program);
        if (reason != null) {
            return Offer.declined(reason);
        }
        KernelEntry entry = entry(program);
        return Offer.taken("all steps are one launch of " + entry.name() + ", a row a thread, its registers in "
                + device.kernel(entry).resources().registers() + " machine registers"
                + (fast ? ", normals by the GPU's special functions" : ""));
    }

    static KernelEntry entry(Program program) {
        List<Register> registers = program.table().registers();
        return TrajectorySde.entry(registers.get(0).space().width(), registers.size());
    }

    /** Why the kernel does not take a program, or null. */
    private static @Nullable String declined(Program program) {
        CellTable table = program.table();
        if (Stepwise.repeats(program.plan())) {
            return "a step repeats until a row is done";
        }
        String size = tooLarge(table.registers());
        if (size != null) {
            return size;
        }
        for (Cell cell : table.cells()) {
            if (cell.before().isPresent()) {
                String reason = declined(cell.before().get(), program);
                if (reason != null) {
                    return reason;
                }
            }
            for (Mix mix : cell.mixes()) {
                for (Noise noise : mix.draws()) {
                    if (!(noise.law() instanceof StandardLaw)) {
                        return "law " + noise.law() + " has no kernel";
                    }
                }
            }
        }
        long bytes = termBytes(program);
        return bytes > MOST_TERM_BYTES
                ? "the mixture at all times of the plan takes " + bytes + " bytes, more than the " + MOST_TERM_BYTES
                        + " that stay in cache"
                : null;
    }

    private static @Nullable String tooLarge(List<Register> registers) {
        Set<Integer> widths = new HashSet<>();
        registers.forEach(register -> widths.add(register.space().width()));
        if (widths.size() != 1) {
            return "the kernel keeps registers of one width, the plan has "
                    + (widths.isEmpty() ? "none" : "widths " + new java.util.TreeSet<>(widths));
        }
        int width = widths.iterator().next();
        if (width < 1 || width > TrajectorySde.MOST_WIDTH || registers.size() > SdeOperations.MOST_SLOTS) {
            return "machine registers hold up to " + SdeOperations.MOST_SLOTS + " registers of 1 to "
                    + TrajectorySde.MOST_WIDTH + " coordinates, the plan has " + registers.size() + " of " + width;
        }
        return null;
    }

    private static @Nullable String declined(Stage stage, Program program) {
        if (!(stage instanceof Stage.Evaluate evaluate)) {
            return stage instanceof Stage.Apply
                    ? "a row function of the plan has no kernel"
                    : "a draw takes its parameters from registers";
        }
        if (evaluate.t().perRow()) {
            return "field '" + evaluate.field() + "' is evaluated at a time of each row";
        }
        Field field = program.fields().get(evaluate.field());
        return field instanceof GaussianMixtureScore
                ? null
                : "field '" + evaluate.field() + "' is not the score of a Gaussian mixture";
    }

    private static long termBytes(Program program) {
        long bytes = 0;
        for (ScoreTimes.Times times : ScoreTimes.of(program).fields().values()) {
            bytes += times.count()
                    * Float.BYTES
                    * MixtureScore.termsOf(
                            times.field().mixture().components(),
                            times.field().mixture().dimension());
        }
        return bytes;
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
            return new SdeRunner(program, stream, rows, fast, costALaunch, owned);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }
}
