package org.tweedie.inverse;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Stage;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Guide;
import org.tweedie.sde.Spelling;

/**
 * Replaces what the operator sees by the noised observation, after every change of x: with V the right singular vectors and y~ = diag(1/s) U' y,
 *
 * <pre>x &larr; x + share V (alpha y~ + sigma z - V' x),    z fresh,</pre>
 *
 * and by y~ itself at the end. A mask's known coordinates are those of alpha y + sigma z: inpainting (Song et al., ICLR 2021, arXiv 2011.13456,
 * appendix I.2); of other operators it is the projection of Song, Shen, Xing, Ermon, ICLR 2022, arXiv 2111.08005.
 *
 * <p>Exact where what is seen is independent of what is not; otherwise the unseen part follows the seen too little, and is too wide, since each
 * step tells it of y through noise. Immutable.
 *
 * @param observation exact, its noise 0
 * @param share of the replacement, above 0 to 1; below 1 what x was keeps a say
 */
public record Replacement(Observation observation, double share) implements Guide {
    public Replacement {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("the share that is replaced is above 0, at most 1, got " + share);
        }
        if (observation.noise() != 0) {
            throw new IllegalArgumentException("replacement takes the observation as exact, its noise is "
                    + observation.noise() + "; say 0, or take ddrm, pigdm or dps");
        }
    }

    public Replacement(Observation observation) {
        this(observation, 1);
    }

    @Override
    public String spec() {
        return share == 1 ? "replace" : "replace:" + Spelling.number(share);
    }

    @Override
    public Guided on(Target target) {
        LinearOperator operator = Observed.inUnits(observation, target);
        return new Guided(plan -> new Way(new Observed(observation, target, operator, plan)).plan());
    }

    private final class Way {
        private final Observed observed;
        private final int inverted;
        private final int along;
        private final int noise;
        private final int moved;
        private final Formula gather;
        private final Formula spread;

        Way(Observed observed) {
            this.observed = observed;
            observed.requireOneTime("replacement");
            Svd svd = observed.operator.svd();
            int rank = svd.values().length;
            int width = observed.operator.from();
            inverted = observed.inverted();
            along = observed.register("along", rank);
            noise = observed.register("noise", rank);
            moved = observed.register("moved", width);
            FormulaWriter f = Formula.writer("what the operator sees");
            gather = f.output(svd.v().adjoint(f, f.input(width))).formula();
            FormulaWriter g = Formula.writer("replaced row");
            Value x = g.input(width);
            spread = g.output(x.plus(svd.v().forward(g, g.input(rank)))).formula();
        }

        Plan plan() {
            int last = observed.plan.steps().size() - 1;
            return observed.rewritten((k, step) -> {
                int end = observed.lastOfX(step);
                List<Stage> stages = new ArrayList<>();
                for (int i = 0; i < step.stages().size(); i++) {
                    stages.add(step.stages().get(i));
                    if (observed.writesX(step.stages().get(i))) {
                        boolean clean = k == last && i == end;
                        replace(stages, clean, i == end ? step.s() : step.t());
                    }
                }
                return stages;
            });
        }

        private void replace(List<Stage> stages, boolean clean, double t) {
            double alpha = clean ? 1 : observed.sde.alpha(t);
            double sigma = clean ? 0 : observed.sde.sigma(t);
            stages.add(new Stage.Apply(gather, new int[] {observed.x}, new int[] {along}));
            if (sigma == 0) {
                stages.add(new Stage.Combine(
                        new int[] {along}, new double[][] {{-share, share * alpha}}, new int[] {along, inverted}));
            } else {
                stages.add(new Stage.Draw(Law.NORMAL, Purpose.CONDITION, new int[0], noise));
                stages.add(new Stage.Combine(
                        new int[] {along},
                        new double[][] {{-share, share * alpha, share * sigma}},
                        new int[] {along, inverted, noise}));
            }
            stages.add(new Stage.Apply(spread, new int[] {observed.x, along}, new int[] {moved}));
            stages.add(new Stage.Combine(new int[] {observed.x}, new double[][] {{1}}, new int[] {moved}));
        }
    }
}
