package org.tweedie.bridge;

import java.util.Locale;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/**
 * A conditional bridge of an ensemble, with a {@link Ridge} regression for every step in the place of networks, in double (Shi et al., UAI 2022, arXiv 2202.13460,
 * section on filtering). A half bridge learns, from walks the other way, the mean of where a step came from, b + c + W phi(b, y) where it went to b, and what the
 * regression leaves is the noise of its own steps: with affine features and normal laws iterated proportional fitting itself, but for the ensemble's size. (The paper's code
 * keeps the reference's noise, as networks here do.) Walks go in u = (x - m(y))/s(y). Immutable; any thread.
 */
public final class RegressionBridge {
    /**
     * How to fit. Immutable.
     *
     * @param reference what the bridge stays near to, in the units of u; its centre is 0
     * @param iterations half bridges backward, at least 1; between two of them one forward
     * @param basis of the regressions on (b, y)
     * @param penalty of the regressions, at least 0
     */
    public record Spec(Reference reference, StepSizes sizes, int iterations, Features.Basis basis, double penalty) {
        public Spec {
            if (iterations < 1 || iterations > 100_000) {
                throw new IllegalArgumentException("iterations must be 1 to 100000, got " + iterations);
            }
        }

        /** Ten steps of 0.15, two iterations, affine features with a penalty of 1e-6, towards N(0, I). */
        public static Spec standard() {
            return new Spec(
                    Reference.ornsteinUhlenbeck(1), StepSizes.constant(10, 0.15), 2, Features.Basis.affine(), 1e-6);
        }

        public Spec withSizes(StepSizes value) {
            return new Spec(reference, value, iterations, basis, penalty);
        }

        public Spec withIterations(int value) {
            return new Spec(reference, sizes, value, basis, penalty);
        }

        public Spec withBasis(Features.Basis value, double penaltyOf) {
            return new Spec(reference, sizes, iterations, value, penaltyOf);
        }
    }

    /** The step from a point of a walk: its mean and a root of its noise's covariance. */
    private interface Kernel {
        double[] from(double[] u, double[] y, Words words);
    }

    private final Spec spec;
    private final ConditionalLaw law;
    private final double[][] start;
    private final double[][] conditions;
    private final Kernel[][] kernels; // [direction][place]
    private final double[][] ends;

    private RegressionBridge(Spec spec, ConditionalLaw law, double[][] start, double[][] conditions, long seed) {
        this.spec = spec;
        this.law = law;
        this.start = start;
        this.conditions = conditions;
        int count = spec.sizes().count();
        kernels = new Kernel[][] {new Kernel[count], new Kernel[count]};
        for (int k = 0; k < count; k++) {
            double gamma = spec.sizes().gamma(k);
            kernels[Direction.FORWARD.ordinal()][k] = reference(spec.reference().factor(gamma), 2 * gamma);
        }
        double[][] at = walked(Direction.FORWARD, Philox.part(seed, 1));
        for (int iteration = 1; iteration < spec.iterations(); iteration++) {
            walked(Direction.BACKWARD, Philox.part(seed, 2L * iteration));
            at = walked(Direction.FORWARD, Philox.part(seed, 2L * iteration + 1));
        }
        ends = at;
    }

    private static Kernel reference(double factor, double variance) {
        double deviation = StrictMath.sqrt(variance);
        return (u, y, words) -> {
            double[] next = new double[u.length];
            for (int d = 0; d < u.length; d++) {
                next[d] = factor * u[d] + deviation * words.normal(d);
            }
            return next;
        };
    }

    /**
     * Fits a bridge between p(x | y), as rows (x_i, y_i) have it, and a law.
     *
     * @param x [row][coordinate], more rows than features
     * @param y [row][condition], as many
     * @throws IllegalArgumentException if rows are too few, do not match, or leave a regression without one answer; says what would do
     */
    public static RegressionBridge fit(double[][] x, double[][] y, ConditionalLaw law, Spec spec, long seed) {
        if (x.length < 2 || y.length != x.length) {
            throw new IllegalArgumentException("a bridge is fitted to two rows or more and as many observations, got "
                    + x.length + " and " + y.length);
        }
        double[][] start = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
            start[i] = x[i].clone();
            new At(law, y[i], x[i].length).encode(start[i]);
        }
        return new RegressionBridge(spec, law, start, y, seed);
    }

    /** Where walks one way end, from which the other way is learned. */
    private double[][] walked(Direction walks, long seed) {
        int count = spec.sizes().count();
        double[][] at = new double[start.length][];
        for (int i = 0; i < at.length; i++) {
            at[i] = walks == Direction.FORWARD ? start[i] : normal(seed, i);
        }
        for (int j = 0; j < count; j++) {
            int k = walks.place(j, count);
            double[][] inputs = new double[at.length][];
            double[][] targets = new double[at.length][];
            for (int i = 0; i < at.length; i++) {
                double[] next = kernels[walks.ordinal()][k].from(at[i], conditions[i], words(seed, i, j));
                inputs[i] = joined(next, conditions[i]);
                targets[i] = at[i].clone();
                for (int d = 0; d < next.length; d++) {
                    targets[i][d] -= next[d];
                }
                at[i] = next;
            }
            kernels[walks.other().ordinal()][k] = learned(inputs, targets);
        }
        return at;
    }

    private Kernel learned(double[][] inputs, double[][] targets) {
        Ridge ridge = Ridge.fit(spec.basis().of(inputs), inputs, targets, spec.penalty());
        double[][] root;
        try {
            root = Ridge.lower(ridge.residual());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    String.format(
                            Locale.ROOT,
                            "a regression of %d rows leaves no noise to walk by; give more rows than features, or a larger penalty",
                            inputs.length),
                    e);
        }
        return (u, y, words) -> {
            double[] next = ridge.at(joined(u, y));
            for (int d = 0; d < next.length; d++) {
                next[d] += u[d];
                for (int l = 0; l <= d; l++) {
                    next[d] += root[d][l] * words.normal(l);
                }
            }
            return next;
        };
    }

    private static double[] joined(double[] u, double[] y) {
        double[] both = new double[u.length + y.length];
        System.arraycopy(u, 0, both, 0, u.length);
        System.arraycopy(y, 0, both, u.length, y.length);
        return both;
    }

    private static Words words(long seed, int row, int step) {
        return Philox.words(seed, row, Purpose.STEP, step);
    }

    private double[] normal(long seed, int row) {
        Words words = Philox.words(seed, row, Purpose.PRIOR, 0);
        double[] normal = new double[start[0].length];
        for (int d = 0; d < normal.length; d++) {
            normal[d] = words.normal(d);
        }
        return normal;
    }

    private double[] back(double[] from, double[] y, long seed, int row) {
        double[] u = from;
        int count = spec.sizes().count();
        for (int j = 0; j < count; j++) {
            int k = Direction.BACKWARD.place(j, count);
            u = kernels[Direction.BACKWARD.ordinal()][k].from(u, y, words(seed, row, j));
        }
        return u;
    }

    /** Rows given one observation, from the law that the bridge starts from; row i is a function of seed and i. */
    public double[][] posterior(double[] y, int rows, long seed) {
        At at = new At(law, y, start[0].length);
        double[][] posterior = new double[rows][];
        for (int i = 0; i < rows; i++) {
            posterior[i] = back(normal(seed, i), y, seed, i);
            at.decode(posterior[i]);
        }
        return posterior;
    }

    /**
     * The ensemble given one observation: each row walked forward with its own, in the walk that the way back was learned from, and then back with this one. Whatever the last
     * half bridge forward is wrong by is undone thereby.
     */
    public double[][] posteriorForwardBackward(double[] y, long seed) {
        At at = new At(law, y, start[0].length);
        double[][] posterior = new double[start.length][];
        for (int i = 0; i < start.length; i++) {
            posterior[i] = back(ends[i], y, seed, i);
            at.decode(posterior[i]);
        }
        return posterior;
    }

    /** A law at one observation. */
    private record At(double[] mean, double[] deviation) {
        At(ConditionalLaw law, double[] y, int width) {
            this(new double[width], new double[width]);
            law.at(y, mean, deviation);
        }

        void encode(double[] x) {
            for (int d = 0; d < x.length; d++) {
                x[d] = (x[d] - mean[d]) / deviation[d];
            }
        }

        void decode(double[] u) {
            for (int d = 0; d < u.length; d++) {
                u[d] = mean[d] + deviation[d] * u[d];
            }
        }
    }
}
