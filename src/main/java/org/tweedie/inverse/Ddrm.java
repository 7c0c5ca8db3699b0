package org.tweedie.inverse;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Step;
import org.tweedie.plan.Time;
import org.tweedie.rng.Law;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Guide;
import org.tweedie.sde.Sde;
import org.tweedie.sde.Spelling;

/**
 * Denoising diffusion restoration: steps of its own in the singular coordinates of the operator (Kawar, Elad, Ermon, Song, NeurIPS 2022, arXiv
 * 2201.11793). With x/alpha in place of x, n = sigma/alpha, D the denoised row, y~ = diag(1/s) U' y of noise q = noise/s in each coordinate
 * of V, from t to s every coordinate goes to
 *
 * <pre>
 * unseen:     D + sqrt(1 - eta^2) n_s (x/alpha - D)/n_t + eta n_s z
 * n_s &lt; q:    D + sqrt(1 - eta^2) n_s (y~ - D)/q + eta n_s z
 * n_s &gt;= q:   (1 - etaB) D + etaB y~ + sqrt(n_s^2 - etaB^2 q^2) z
 * </pre>
 *
 * It takes the grid of the plan that it steers and the first evaluation of each of its steps; the method's own formulas go. First in the order of
 * guides. No gradient goes through the score.
 *
 * <p>Biased for correlated data, where what is seen should move what is not by more than the denoiser does at the same noise. Immutable.
 *
 * @param eta 0 to 1, share of fresh noise; the paper's 0.85
 * @param etaB 0 to 1, share of y where it is the better; the paper's 1
 */
public record Ddrm(Observation observation, double eta, double etaB) implements Guide {
    public Ddrm {
        if (!(eta >= 0 && eta <= 1) || !(etaB >= 0 && etaB <= 1)) {
            throw new IllegalArgumentException("eta and etaB of ddrm lie between 0 and 1, got " + eta + " and " + etaB);
        }
    }

    /** With the paper's shares. */
    public Ddrm(Observation observation) {
        this(observation, 0.85, 1);
    }

    @Override
    public String spec() {
        return "ddrm:" + Spelling.number(eta) + "," + Spelling.number(etaB);
    }

    @Override
    public Guided on(Target target) {
        LinearOperator operator = Observed.inUnits(observation, target);
        return new Guided(plan -> new Way(new Observed(observation, target, operator, plan)).plan());
    }

    /** What is added to a coordinate: weights of the denoised row, x, the fresh noise and y~ in it. */
    private record Weights(double denoised, double x, double noise, double seen) {}

    private final class Way {
        private final Observed observed;
        private final Sde sde;
        private final double[] values;
        private final int width;
        private final int x;
        private final int score;
        private final int inverted;
        private final int noise;
        private final int denoised;
        private final int unseen;
        private final int moved;
        private final int[] along;
        private final int change;
        private final Formula gather;
        private final Formula spread;

        Way(Observed observed) {
            this.observed = observed;
            observed.requireOneTime("ddrm");
            sde = observed.sde;
            Svd svd = observed.operator.svd();
            values = svd.values();
            width = observed.operator.from();
            x = observed.x;
            score = observed.register("score", width);
            inverted = observed.inverted();
            noise = observed.register("noise", width);
            denoised = observed.register("denoised", width);
            unseen = observed.register("unseen", width);
            moved = observed.register("moved", width);
            int rank = values.length;
            along = new int[] {
                observed.register("along.denoised", rank),
                observed.register("along.x", rank),
                observed.register("along.noise", rank)
            };
            change = observed.register("change", rank);
            FormulaWriter f = Formula.writer("singular coordinates");
            List<Value> inputs = List.of(f.input(width), f.input(width), f.input(width));
            inputs.forEach(input -> f.output(svd.v().adjoint(f, input)));
            gather = f.formula();
            FormulaWriter g = Formula.writer("from singular coordinates");
            Value row = g.input(width);
            spread = g.output(row.plus(svd.v().forward(g, g.input(rank)))).formula();
        }

        Plan plan() {
            return observed.rewritten((k, step) -> k == 0 ? start(step) : step(step));
        }

        /** The start, and y~ with what is missing of its noise in place of the prior where y is the better. */
        private List<Stage> start(Step step) {
            List<Stage> stages = new ArrayList<>(step.stages());
            double n = sde.noiseToSignal(step.s());
            List<Weights> weights = new ArrayList<>();
            for (double value : values) {
                double q = observed.noise / value;
                weights.add(
                        n < q
                                ? new Weights(0, 0, 0, 0)
                                : new Weights(0, StrictMath.sqrt(n * n - q * q) / n - 1, 0, sde.alpha(step.s())));
            }
            stages.add(zero(noise));
            stages.add(zero(denoised));
            finish(stages, x, weights);
            return stages;
        }

        private Stage zero(int register) {
            return new Stage.Combine(new int[] {register}, new double[][] {{}}, new int[0]);
        }

        private List<Stage> step(Step step) {
            Stage.Evaluate evaluate = step.stages().stream()
                    .filter(Stage.Evaluate.class::isInstance)
                    .map(Stage.Evaluate.class::cast)
                    .filter(stage -> stage.field().equals(Sde.SCORE))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(
                            "ddrm takes the first evaluation of the score of each step, and a step has none;"
                                    + " steer by it first, and take ddim, em or heun"));
            double t = step.t();
            double alpha = sde.alpha(t);
            double after = sde.alpha(step.s());
            double n = sde.noiseToSignal(step.s());
            double kept = StrictMath.sqrt(1 - eta * eta) * n / sde.noiseToSignal(t);
            double clean = sde.sigma(t) * sde.sigma(t) / alpha;
            List<Stage> stages = new ArrayList<>();
            stages.add(new Stage.Evaluate(Sde.SCORE, new int[] {x}, Time.at(t), new int[] {score}));
            stages.add(new Stage.Draw(Law.NORMAL, Purpose.STEP, new int[0], noise));
            stages.add(new Stage.Combine(
                    new int[] {denoised, unseen},
                    new double[][] {{1 / alpha, clean, 0}, {after / alpha, after * (1 - kept) * clean, after * eta * n}
                    },
                    new int[] {x, score, noise}));
            List<Weights> weights = new ArrayList<>();
            for (double value : values) {
                weights.add(change(observed.noise / value, n, kept, alpha, after));
            }
            finish(stages, unseen, weights);
            return stages;
        }

        /** What a coordinate of noise q gets more than an unseen one, {@code kept} its share of x/alpha. */
        private Weights change(double q, double n, double kept, double alpha, double after) {
            double[] to; // of D, noise, y~
            if (n < q) {
                double pull = StrictMath.sqrt(1 - eta * eta) * n / q;
                to = new double[] {1 - pull, eta * n, pull};
            } else {
                to = new double[] {1 - etaB, StrictMath.sqrt(n * n - etaB * etaB * q * q), etaB};
            }
            return new Weights(
                    after * (to[0] - (1 - kept)), -after * kept / alpha, after * (to[1] - eta * n), after * to[2]);
        }

        private void finish(List<Stage> stages, int base, List<Weights> weights) {
            FormulaWriter f = Formula.writer("change of singular coordinates");
            int rank = values.length;
            Value d = f.input(rank);
            Value row = f.input(rank);
            Value z = f.input(rank);
            Value seen = f.input(rank);
            Value sum = d.times(f.literal(
                            weights.stream().mapToDouble(Weights::denoised).toArray()))
                    .plus(row.times(
                            f.literal(weights.stream().mapToDouble(Weights::x).toArray())))
                    .plus(z.times(f.literal(
                            weights.stream().mapToDouble(Weights::noise).toArray())))
                    .plus(seen.times(f.literal(
                            weights.stream().mapToDouble(Weights::seen).toArray())));
            Formula changed = f.output(sum).formula();
            stages.add(new Stage.Apply(gather, new int[] {denoised, x, noise}, along));
            stages.add(
                    new Stage.Apply(changed, new int[] {along[0], along[1], along[2], inverted}, new int[] {change}));
            stages.add(new Stage.Apply(spread, new int[] {base, change}, new int[] {moved}));
            stages.add(new Stage.Combine(new int[] {x}, new double[][] {{1}}, new int[] {moved}));
        }
    }
}
