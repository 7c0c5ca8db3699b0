package org.tweedie.sde;

import org.tweedie.plan.Space;

/**
 * The variance-preserving SDE of variational diffusion models (Kingma et al., NeurIPS 2021, arXiv 2107.00630), whose noise schedule is learned
 * with the network: gamma = -log-SNR rises along a {@link MonotoneSchedule} from the cutoff to T = 1.
 *
 * <pre>
 * alpha^2 = 1/(1 + e^gamma)    sigma^2 = e^gamma/(1 + e^gamma)    beta = g^2 = gamma' sigma^2    f = -beta/2
 * gamma(t) = schedule((t - cutoff)/(1 - cutoff)) + ln(1 - exp(-40 t/cutoff))
 * </pre>
 *
 * <p>The last term is below a double's rounding from the cutoff on; under it, it takes the noise that the schedule starts with smoothly to
 * nothing, so that t = 0 is data. Training a model of this process trains its schedule too, by the gradient of the variational bound for the two
 * ends and of the loss's square for the way between them ({@link org.tweedie.train.ProcessLearning}), and on the bound itself, whatever weighting
 * is asked for. Here it is a process as any other: immutable, shared by threads.
 */
public record VdmSde(MonotoneSchedule schedule, Space space) implements VariancePreserving {
    /** Where the schedule begins: all of it lies above. */
    private static final double CUTOFF = VpSde.CUTOFF;

    /** exp(-40) is less than half a unit in the last place of 1. */
    private static final double VANISHES = 40;

    /** The ends of the paper, -13.3 and 5, and an even way between them. */
    public VdmSde() {
        this(-13.3, 5);
    }

    /** An even way between two ends of gamma. */
    public VdmSde(double first, double last) {
        this(MonotoneSchedule.even(first, last), Space.euclidean(1));
    }

    @Override
    public double horizon() {
        return 1;
    }

    @Override
    public double cutoff() {
        return CUTOFF;
    }

    /** Where the schedule is at time t: 0 at the cutoff, 1 at T. */
    public static double way(double t) {
        return (t - CUTOFF) / (1 - CUTOFF);
    }

    /** The time at which the schedule is there: the inverse of {@link #way}. */
    public static double time(double way) {
        return CUTOFF + way * (1 - CUTOFF);
    }

    /** gamma = -log-SNR. */
    public double gamma(double t) {
        double there = -StrictMath.expm1(-VANISHES * t / CUTOFF);
        return schedule.gamma(way(t)) + StrictMath.log(there);
    }

    /** d gamma/dt; infinite at t = 0. */
    public double slope(double t) {
        return schedule.slope(way(t)) / (1 - CUTOFF) + VANISHES / CUTOFF / StrictMath.expm1(VANISHES * t / CUTOFF);
    }

    @Override
    public double alpha(double t) {
        return StrictMath.sqrt(1 / (1 + StrictMath.exp(gamma(t))));
    }

    @Override
    public double sigma(double t) {
        return StrictMath.sqrt(1 / (1 + StrictMath.exp(-gamma(t))));
    }

    @Override
    public double logSnr(double t) {
        return -gamma(t);
    }

    @Override
    public double beta(double t) {
        if (t == 0) { // the limit of gamma' sigma^2
            return StrictMath.exp(schedule.gamma(way(0))) * VANISHES / CUTOFF;
        }
        return slope(t) / (1 + StrictMath.exp(-gamma(t)));
    }

    @Override
    public double timeOfLogSnr(double logSnr) {
        double gamma = -logSnr;
        if (!(gamma > Double.NEGATIVE_INFINITY)) {
            return gamma == Double.NEGATIVE_INFINITY ? 0 : Double.NaN;
        } else if (gamma >= gamma(1)) {
            return 1 + (gamma - gamma(1)) / slope(1);
        }
        double low = 0;
        double high = 1;
        double t = 0.5;
        for (int i = 0; i < 200 && low < high; i++) { // Newton's steps, halves where they leave the bracket
            double off = gamma(t) - gamma;
            if (off == 0) {
                return t;
            } else if (off > 0) {
                high = t;
            } else {
                low = t;
            }
            double next = t - off / slope(t);
            if (!(next > low && next < high)) {
                next = 0.5 * (low + high);
            }
            if (StrictMath.abs(next - t) <= StrictMath.ulp(t)) {
                return next;
            }
            t = next;
        }
        return t;
    }

    /** This process, with what it is at one time looked up once. */
    Sde held(double t) {
        return new Held(this, t, alpha(t), sigma(t), beta(t));
    }

    private record Held(VdmSde of, double at, double alpha, double sigma, double beta) implements VariancePreserving {
        @Override
        public double alpha(double t) {
            return t == at ? alpha : of.alpha(t);
        }

        @Override
        public double sigma(double t) {
            return t == at ? sigma : of.sigma(t);
        }

        @Override
        public double beta(double t) {
            return t == at ? beta : of.beta(t);
        }

        @Override
        public Space space() {
            return of.space;
        }

        @Override
        public double horizon() {
            return of.horizon();
        }

        @Override
        public double cutoff() {
            return of.cutoff();
        }

        @Override
        public double timeOfLogSnr(double logSnr) {
            return of.timeOfLogSnr(logSnr);
        }

        @Override
        public Sde on(Space space) {
            return of.on(space);
        }

        @Override
        public String spec() {
            return of.spec();
        }
    }

    @Override
    public VdmSde on(Space space) {
        return new VdmSde(schedule, space);
    }

    /** The same process on another schedule. */
    public VdmSde with(MonotoneSchedule schedule) {
        return new VdmSde(schedule, space);
    }

    @Override
    public String spec() {
        return schedule.equals(MonotoneSchedule.even(schedule.first(), schedule.last()))
                ? ProcessSpec.print("vdm", CUTOFF, CUTOFF, schedule.first(), schedule.last())
                : ProcessSpec.print("vdm", CUTOFF, CUTOFF, schedule.numbers());
    }
}
