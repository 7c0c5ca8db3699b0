package org.tweedie.sde;

import java.util.Locale;
import org.tweedie.plan.Plan;

/**
 * UniPC, the unified predictor-corrector, of the denoised row D: with l = ln(alpha/sigma), h = l_s - l_t, D_k the denoised rows k steps back
 * and r_k = (l_{t_k} - l_t)/h,
 *
 * <p>predictor x_s = (sigma_s/sigma_t) x_t - alpha_s (e^{-h} - 1) D - alpha_s B(h) sum_k p_k (D_k - D)/r_k, then, once D at x_s is known,
 * corrector: the same with weights c_k and one difference more, D_s - D with r = 1. No evaluation is spent on correcting: it is the next
 * step's. The end of the grid is not corrected, the first steps take the order that they have rows for, a step to sigma_s = 0 order 1.
 *
 * <p>The predictor alone (UniP) has order {@code order}, with the corrector one more; what the first steps of lower order leave falls with the
 * square of the step (with the corrector, the cube), and is small where the grid starts far from data. Goes both ways.
 *
 * <p>Zhao, Bai, Rao, Zhou, Lu, NeurIPS 2023, arXiv 2302.04867, algorithms 5 to 8 (data prediction, multistep). Immutable.
 *
 * @param order 1 to 3: how many denoised rows the predictor takes
 * @param base B(h)
 * @param corrects whether rows are corrected: UniPC, else UniP
 */
public record UniPc(int order, Base base, boolean corrects) implements Method {
    /** B(h). Immutable. */
    public enum Base {
        /** B(h) = -h, the paper's B_1. */
        H,
        /** B(h) = e^{-h} - 1, the paper's B_2: better at large steps. */
        EXPM1;

        double of(double z) {
            return this == H ? z : StrictMath.expm1(z);
        }
    }

    /** UniPC of this order, B(h) = e^{-h} - 1. */
    public UniPc(int order) {
        this(order, Base.EXPM1, true);
    }

    public UniPc {
        if (order < 1 || order > 3) {
            throw new IllegalArgumentException("the order of UniPC must be 1, 2 or 3, got " + order + "; 2 is usual");
        }
    }

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        Trajectory trajectory = Trajectory.start(this, process, grid, false);
        Sde sde = trajectory.sde;
        int[] before = new int[corrects ? order : order - 1];
        for (int k = 0; k < before.length; ++k) {
            before[k] = trajectory.plan.register("denoised." + (k + 1), sde.space());
        }
        UniPcStep last = null;
        for (int i = 0; i < grid.steps(); ++i) {
            double t = grid.t(i);
            double s = grid.s(i);
            UniPcStep step = UniPcStep.of(this, sde, grid, i);
            trajectory.plan.step(t, s);
            trajectory.evaluate(t, trajectory.x);
            int filled = StrictMath.min(i, before.length); // registers that hold an earlier denoised row
            double own = 1 / sde.alpha(t);
            double gain = sde.sigma(t) * sde.sigma(t) / sde.alpha(t);
            // x and D, then x corrected and moved on, as weights of (D, rows before), x itself in step.x()
            double[] of = new double[1 + filled];
            if (corrects && last != null) {
                of[0] = step.x() * last.corrected(0);
                for (int k = 0; k < filled; ++k) {
                    of[1 + k] = step.x() * last.corrected(1 + k);
                }
            }
            for (int k = 0; k <= filled; ++k) {
                of[k] += step.predicted(k);
            }
            write(trajectory, before, filled, step.x(), of, own, gain);
            last = step;
        }
        return trajectory.plan();
    }

    /** One combine: x moves on, and the denoised rows move back by one. */
    private static void write(
            Trajectory trajectory, int[] before, int filled, double keep, double[] of, double own, double gain) {
        int kept = StrictMath.min(before.length, filled + 1);
        int[] into = new int[1 + kept];
        int[] from = new int[2 + filled];
        double[][] weights = new double[1 + kept][2 + filled];
        into[0] = trajectory.x;
        from[0] = trajectory.x;
        from[1] = trajectory.score;
        weights[0][0] = keep + of[0] * own;
        weights[0][1] = of[0] * gain;
        for (int k = 0; k < filled; ++k) {
            from[2 + k] = before[k];
            weights[0][2 + k] = of[1 + k];
        }
        for (int k = 0; k < kept; ++k) {
            into[1 + k] = before[k];
            if (k == 0) {
                weights[1][0] = own;
                weights[1][1] = gain;
            } else {
                weights[1 + k][1 + k] = 1;
            }
        }
        trajectory.plan.combine(into, weights, from);
    }

    @Override
    public String spec() {
        String spec = (corrects ? "unipc:" : "unip:") + order;
        return base == Base.EXPM1 ? spec : spec + "," + base.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public GridShape shape() {
        return GridShape.LOGSNR;
    }
}
