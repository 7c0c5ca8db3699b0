package org.tweedie.sde;

import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.rng.Purpose;

/**
 * At each time t, {@code corrections} Langevin steps x &larr; x + e score + sqrt(2e) z at t, then one step of the predictor. The Langevin
 * step is the constant e = 2 a (targetRatio sigma_t)^2, a = (alpha_t/alpha_s)^2, DDPM's 1 - beta_i, or by a row's own norms
 * e = 2 a (targetRatio |z|/|score|)^2: the paper takes the norms of a batch, which would let rows see each other.
 *
 * <p>Song et al., ICLR 2021, arXiv 2011.13456, algorithms 2 to 5; their {@code snr} is our target ratio. Immutable.
 *
 * @param targetRatio above 0, usefully 0.05 to 0.2
 * @param corrections Langevin steps a time, at least 1
 * @param ownNorms whether a row's own norms set the step: for rows of at least {@value #FEWEST_FOR_NORMS} coordinates, since the mean of
 *     (|z|/|score|)^2 over Gaussian rows, d/(d - 2) times its middle, is infinite for few
 */
public record PredictorCorrector(double targetRatio, int corrections, OneStep predictor, boolean ownNorms)
        implements Method {
    /** Coordinates from which a row's norms are steady enough to set its step: by then they spread by a quarter. */
    public static final int FEWEST_FOR_NORMS = 64;

    /** The constant step. */
    public PredictorCorrector(double targetRatio, int corrections, OneStep predictor) {
        this(targetRatio, corrections, predictor, false);
    }

    /** One correction a step, reverse diffusion between. */
    public PredictorCorrector(double targetRatio) {
        this(targetRatio, 1, new ReverseDiffusion());
    }

    public PredictorCorrector {
        if (!(targetRatio > 0 && targetRatio < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "the corrector's target ratio must be positive, got " + targetRatio + "; 0.16 is usual");
        }
        if (corrections < 1) {
            throw new IllegalArgumentException("corrections must be at least 1, got " + corrections);
        }
    }

    @Override
    public Plan plan(Noising process, TimeGrid grid) {
        TimeGrid.requireUpdates((long) grid.steps() * corrections);
        Trajectory trajectory = Trajectory.start(this, process, grid, true);
        Sde sde = trajectory.sde;
        if (ownNorms && sde.space().width() < FEWEST_FOR_NORMS) {
            throw new IllegalArgumentException("Langevin steps by a row's own norms need rows of at least "
                    + FEWEST_FOR_NORMS + " coordinates, got " + sde.space().width() + "; take pc:"
                    + Spelling.number(targetRatio) + ", whose step is constant");
        }
        int moved = ownNorms ? trajectory.plan.register("moved", sde.space()) : -1;
        for (int i = 0; i < grid.steps(); ++i) {
            double t = grid.t(i);
            double s = grid.s(i);
            trajectory.plan.step(t, s);
            for (int k = 0; k < corrections; ++k) {
                trajectory.evaluate(t, trajectory.x);
                if (ownNorms) {
                    trajectory
                            .plan
                            .normal(Purpose.CORRECTOR, trajectory.noise)
                            .apply(
                                    byOwnNorms(sde, t, s),
                                    new int[] {trajectory.x, trajectory.score, trajectory.noise},
                                    moved)
                            .set(trajectory.x, 1, moved);
                } else {
                    trajectory.update(correction(sde, t, s), Purpose.CORRECTOR);
                }
            }
            trajectory.evaluate(t, trajectory.x);
            trajectory.update(predictor.update(sde, t, s), Purpose.STEP);
        }
        return trajectory.plan();
    }

    OneStep.Update correction(Sde sde, double t, double s) {
        double ratio = sde.alpha(t) / sde.alpha(s);
        double target = targetRatio * sde.sigma(t);
        double e = 2 * ratio * ratio * target * target;
        return new OneStep.Update(1, e, StrictMath.sqrt(2 * e));
    }

    /** x, score, z to x + e score + sqrt(2e) z; a row whose score is 0 stays. */
    Formula byOwnNorms(Sde sde, double t, double s) {
        double ratio = sde.alpha(t) / sde.alpha(s) * targetRatio;
        int width = sde.space().width();
        FormulaWriter f = Formula.writer("langevin step by own norms");
        FormulaWriter.Value x = f.input(width);
        FormulaWriter.Value score = f.input(width);
        FormulaWriter.Value z = f.input(width);
        FormulaWriter.Value norm = score.dot(score);
        FormulaWriter.Value e = norm.select(z.dot(z).times(2 * ratio * ratio).over(norm), f.number(0));
        return f.output(e.times(2).root().fma(z, e.fma(score, x))).formula();
    }

    @Override
    public String spec() {
        String spec = (ownNorms ? "pc-own:" : "pc:") + Spelling.number(targetRatio);
        if (!predictor.equals(new ReverseDiffusion())) {
            return spec + "," + corrections + "," + predictor.spec();
        }
        return corrections == 1 ? spec : spec + "," + corrections;
    }
}
