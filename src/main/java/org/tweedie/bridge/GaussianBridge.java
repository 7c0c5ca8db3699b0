package org.tweedie.bridge;

/**
 * The static Schrödinger bridge between two normal laws in closed form: among all couplings of N(m0, S0) and N(m1, S1), the one nearest in KL
 * to X1 | X0 = x normal with mean a x + c and covariance s I. It is normal, with
 *
 * <pre>
 *   Cov(X0, X1) = (1/a) R ( (R S1 R + (s^2/4) I)^(1/2) ) R^-1 - (s/2a) I,     R = (a^2 S0)^(1/2)
 * </pre>
 *
 * <p>(Bojilov and Galichon 2016; Janati et al., NeurIPS 2020, arXiv 2006.02572; Bunne et al., 2202.05722). The offset c does not matter: it
 * changes the reference by a factor of X1 alone, or of X0. Brownian motion: a = 1. Immutable.
 */
public final class GaussianBridge {
    private final Gaussian from;
    private final Gaussian to;
    private final double noise;
    private final boolean brownian;
    private final Dense coupling;
    private final Dense gain;
    private final Dense left;

    private GaussianBridge(Gaussian from, Gaussian to, double factor, double noise) {
        from.requireLike(to);
        if (!(noise > 0 && Double.isFinite(noise))) {
            throw new IllegalArgumentException("the reference's variance must be positive, got " + noise
                    + "; without noise there is no bridge, but a transport map");
        }
        if (!(factor > 0 && Double.isFinite(factor))) {
            throw new IllegalArgumentException("the reference's factor must be positive, got " + factor);
        }
        this.from = from;
        this.to = to;
        this.noise = noise;
        this.brownian = factor == 1;
        Dense root = from.spread().times(factor * factor).root();
        Dense inner = root.times(to.spread()).times(root).plus(Dense.scalar(root.size(), noise * noise / 4));
        coupling = root.times(inner.symmetric().root())
                .times(root.symmetric().inverse())
                .minus(Dense.scalar(root.size(), noise / 2))
                .times(1 / factor);
        gain = coupling.transposed().times(from.spread().inverse());
        left = to.spread().minus(gain.times(coupling)).symmetric();
    }

    /**
     * The bridge of Brownian motion.
     *
     * @param variance of the motion from one end to the other, positive: 2 T for dX = sqrt(2) dW on [0, T]
     */
    public static GaussianBridge brownian(Gaussian from, Gaussian to, double variance) {
        return new GaussianBridge(from, to, 1, variance);
    }

    /** The bridge of a process with X1 | X0 = x of mean {@code factor} x plus anything fixed, and covariance {@code variance} I. */
    public static GaussianBridge linear(Gaussian from, Gaussian to, double factor, double variance) {
        return new GaussianBridge(from, to, factor, variance);
    }

    /** Cov(X0, X1): [coordinate of X0][coordinate of X1]. */
    public double[][] coupling() {
        return coupling.numbers();
    }

    /** E[X1 | X0 = x]: m1 + C' S0^-1 (x - m0). */
    public double[] mean(double[] x) {
        if (x.length != from.dimension()) {
            throw new IllegalArgumentException(
                    "the bridge starts with " + from.dimension() + " numbers, got " + x.length);
        }
        double[] apart = new double[x.length];
        for (int i = 0; i < apart.length; i++) {
            apart[i] = x[i] - from.mean()[i];
        }
        double[] mean = gain.times(apart);
        for (int i = 0; i < mean.length; i++) {
            mean[i] += to.mean()[i];
        }
        return mean;
    }

    /** Cov(X1 | X0), the same from everywhere: S1 - C' S0^-1 C. */
    public double[][] residual() {
        return left.numbers();
    }

    /** E |X0 - X1|^2. */
    public double meanSquare() {
        double square = from.spread().plus(to.spread()).trace() - 2 * coupling.trace();
        for (int i = 0; i < from.dimension(); i++) {
            double apart = from.mean()[i] - to.mean()[i];
            square += apart * apart;
        }
        return square;
    }

    /** KL(P | P0 x P1) in nats: what one end says of the other. */
    public double information() {
        return 0.5 * (to.spread().logDeterminant() - left.logDeterminant());
    }

    /**
     * The least {@code E |X0 - X1|^2 + epsilon KL(P | P0 x P1)} of all couplings, epsilon = 2 s (Janati et al., NeurIPS 2020): that of the bridge of Brownian
     * motion of variance s.
     */
    public double cost() {
        requireBrownian("costs are squared distances");
        return meanSquare() + 2 * noise * information();
    }

    private void requireBrownian(String what) {
        if (!brownian) {
            throw new IllegalArgumentException(what + " for Brownian motion alone");
        }
    }

    /**
     * The law of X at a share of the way, of the bridge of Brownian motion.
     *
     * @param share in [0, 1]: 0 is the first end
     */
    public Gaussian at(double share) {
        requireBrownian("laws on the way are known");
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("a share of the way is in [0, 1], got " + share);
        }
        double rest = 1 - share;
        double[] mean = new double[from.dimension()];
        for (int i = 0; i < mean.length; i++) {
            mean[i] = rest * from.mean()[i] + share * to.mean()[i];
        }
        Dense spread = from.spread()
                .times(rest * rest)
                .plus(to.spread().times(share * share))
                .plus(coupling.plus(coupling.transposed()).times(rest * share))
                .plus(Dense.scalar(mean.length, rest * share * noise));
        return new Gaussian(mean, spread.symmetric().numbers());
    }
}
