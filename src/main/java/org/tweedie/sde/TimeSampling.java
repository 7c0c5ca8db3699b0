package org.tweedie.sde;

/** How training draws its times in [cutoff, T]: a density q, by its inverse distribution function. Immutable. */
public enum TimeSampling {
    /** Uniform in t. */
    UNIFORM {
        @Override
        public double quantile(Sde sde, double u) {
            return sde.cutoff() + checked(u) * (sde.horizon() - sde.cutoff());
        }

        @Override
        public double density(Sde sde, double t) {
            return inside(sde, t) ? 1 / (sde.horizon() - sde.cutoff()) : 0;
        }

        @Override
        public double correction(Sde sde, double t) {
            return 1;
        }
    },

    /**
     * q proportional to g^2/sigma^2, which is the slope of -log-SNR: uniform in log-SNR. The variance-reducing choice for
     * {@link Weighting#LIKELIHOOD}: Song et al., NeurIPS 2021, arXiv 2101.09258.
     */
    IMPORTANCE {
        @Override
        public double quantile(Sde sde, double u) {
            double least = sde.logSnr(sde.horizon());
            double most = sde.logSnr(sde.cutoff());
            return clamped(sde, sde.timeOfLogSnr(most + checked(u) * (least - most)));
        }

        @Override
        public double density(Sde sde, double t) {
            if (!inside(sde, t)) {
                return 0;
            }
            double ratio = sde.diffusion(t) / sde.sigma(t);
            return ratio * ratio / (sde.logSnr(sde.cutoff()) - sde.logSnr(sde.horizon()));
        }

        @Override
        public double correction(Sde sde, double t) {
            return 1 / (density(sde, t) * (sde.horizon() - sde.cutoff()));
        }
    },

    /** EDM's: ln(sigma/alpha) is N(-1.2, 1.2^2), cut to [cutoff, T]. Karras et al., NeurIPS 2022, arXiv 2206.00364. */
    LOGNORMAL {
        @Override
        public double quantile(Sde sde, double u) {
            double p = least(sde) + checked(u) * (most(sde) - least(sde));
            return clamped(sde, sde.timeOfNoiseToSignal(StrictMath.exp(MEAN + DEVIATION * StandardNormal.quantile(p))));
        }

        @Override
        public double density(Sde sde, double t) {
            if (!inside(sde, t)) {
                return 0;
            }
            double ratio = sde.diffusion(t) / sde.sigma(t); // d ln n/dt = g^2/(2 sigma^2)
            return StandardNormal.density(standard(sde, t))
                    / DEVIATION
                    * 0.5
                    * ratio
                    * ratio
                    / (most(sde) - least(sde));
        }

        @Override
        public double correction(Sde sde, double t) {
            return 1;
        }

        private double least(Sde sde) {
            return StandardNormal.distribution(standard(sde, sde.cutoff()));
        }

        private double most(Sde sde) {
            return StandardNormal.distribution(standard(sde, sde.horizon()));
        }

        private double standard(Sde sde, double t) {
            return (StrictMath.log(sde.noiseToSignal(t)) - MEAN) / DEVIATION;
        }
    };

    private static final double MEAN = -1.2;
    private static final double DEVIATION = 1.2;

    /** The time below which a share u of the draws lies, u in [0, 1]; rising in u. */
    public abstract double quantile(Sde sde, double u);

    /** q(t), per unit of time; 0 outside [cutoff, T]. */
    public abstract double density(Sde sde, double t);

    /**
     * What a weight is multiplied by so that drawing from q estimates the objective meant: the one uniform in t for {@link #UNIFORM} and
     * {@link #IMPORTANCE}, where it is 1/(q (T - cutoff)); that of q itself for {@link #LOGNORMAL}, where it is 1.
     */
    public abstract double correction(Sde sde, double t);

    private static double checked(double u) {
        if (!(u >= 0 && u <= 1)) {
            throw new IllegalArgumentException("a share lies between 0 and 1, got " + u);
        }
        return u;
    }

    private static double clamped(Sde sde, double t) {
        return StrictMath.min(sde.horizon(), StrictMath.max(sde.cutoff(), t));
    }

    private static boolean inside(Sde sde, double t) {
        return t >= sde.cutoff() && t <= sde.horizon();
    }
}
