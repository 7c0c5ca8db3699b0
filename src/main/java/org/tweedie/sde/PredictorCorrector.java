package org.tweedie.sde;

import org.tweedie.plan.Plan;
import org.tweedie.rng.Purpose;

/**
 * At each time t, {@code corrections} Langevin steps x &larr; x + e score + sqrt(2e) z at t, then one step of the predictor. The Langevin
 * step is the constant e = 2 a (targetRatio sigma_t)^2, a = (alpha_t/alpha_s)^2, DDPM's 1 - beta_i: the paper takes the norms of a batch,
 * which would let rows see each other.
 *
 * <p>Song et al., ICLR 2021, arXiv 2011.13456, algorithms 2 to 5; their {@code snr} is our target ratio. Immutable.
 *
 * @param targetRatio above 0, usefully 0.05 to 0.2
 * @param corrections Langevin steps a time, at least 1
 */
public record PredictorCorrector(double targetRatio, int corrections, OneStep predictor) implements Method {
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
        for (int i = 0; i < grid.steps(); ++i) {
            double t = grid.t(i);
            double s = grid.s(i);
            trajectory.plan.step(t, s);
            for (int k = 0; k < corrections; ++k) {
                trajectory.evaluate(t, trajectory.x);
                trajectory.update(correction(sde, t, s), Purpose.CORRECTOR);
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

    @Override
    public String spec() {
        String spec = "pc:" + Spelling.number(targetRatio);
        if (!predictor.equals(new ReverseDiffusion())) {
            return spec + "," + corrections + "," + predictor.spec();
        }
        return corrections == 1 ? spec : spec + "," + corrections;
    }
}
