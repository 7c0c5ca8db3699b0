package org.tweedie.sde;

import java.util.Arrays;

/**
 * A rising function of u in [0, 1] with few numbers, all of which can be learned: the monotone network of variational diffusion models (Kingma
 * et al., NeurIPS 2021, arXiv 2107.00630, appendix H), a line and sigmoids with positive weights, rescaled to its two ends:
 *
 * <pre>
 * gamma(u) = gamma_0 + (gamma_1 - gamma_0) s(u)
 * s(u)     = p_0 u + sum_j p_j (A_j(u) - A_j(0))/(A_j(1) - A_j(0))         s(0) = 0, s(1) = 1
 * A_j(u)   = 1/(1 + exp(-w_j (u - m_j))),  w_j = exp(steepness_j)
 * p        = softmax(0, logit_1, ..., logit_J)
 * </pre>
 *
 * <p>Its numbers are gamma_0, gamma_1, then logit, steepness and middle of each sigmoid. Immutable.
 */
public final class MonotoneSchedule {
    /** Sigmoids of one that nobody has trained. */
    public static final int SIGMOIDS = 8;

    /** Sigmoids at most. */
    public static final int MOST = 64;

    /** The size that a logit, and the end of a schedule, may have. */
    public static final double LARGEST = 40;

    /** The most that a steepness may be: what is steeper, the tables on a device do not follow. */
    public static final double STEEPEST = StrictMath.log(40);

    private static final double EVEN_STEEPNESS = StrictMath.log(12);

    private static final double LEAST_WAY = 0.5;
    private static final int EACH = 3;

    private final double[] numbers;
    private final double[] shares;
    private final double[] below;
    private final double[] height;
    private final double[] steepness;

    /**
     * @param numbers two and three for each sigmoid
     * @throws IllegalArgumentException if there are others, or one is outside its range
     */
    public MonotoneSchedule(double... numbers) {
        int sigmoids = (numbers.length - 2) / EACH;
        if (numbers.length < 2 || numbers.length != 2 + EACH * sigmoids || sigmoids > MOST) {
            throw new IllegalArgumentException(
                    "a learned schedule has its two ends and three numbers for each of at most " + MOST
                            + " sigmoids, got " + numbers.length + " numbers");
        }
        this.numbers = numbers.clone();
        require(numbers[0], -LARGEST, LARGEST, "ends of a schedule");
        require(numbers[1], -LARGEST, LARGEST, "ends of a schedule");
        if (!(numbers[1] - numbers[0] >= LEAST_WAY)) {
            throw new IllegalArgumentException("gamma, which is -log-SNR, rises from its first end to its last by "
                    + LEAST_WAY + " or more, got " + numbers[0] + " and " + numbers[1]);
        }
        double sum = 1;
        for (int j = 0; j < sigmoids; j++) {
            sum += StrictMath.exp(require(logit(j), -LARGEST, LARGEST, "logits of a schedule"));
            require(numbers[place(j) + 1], -STEEPEST, STEEPEST, "steepnesses of a schedule");
            require(middle(j), -1, 2, "middles of a schedule");
        }
        shares = new double[sigmoids + 1];
        below = new double[sigmoids];
        height = new double[sigmoids];
        steepness = new double[sigmoids];
        shares[sigmoids] = 1 / sum;
        for (int j = 0; j < sigmoids; j++) {
            shares[j] = StrictMath.exp(logit(j)) / sum;
            steepness[j] = StrictMath.exp(numbers[place(j) + 1]);
            below[j] = logistic(steepness[j] * -middle(j));
            height[j] = logistic(steepness[j] * (1 - middle(j))) - below[j];
        }
    }

    private static double require(double number, double least, double most, String what) {
        if (!(number >= least && number <= most)) {
            throw new IllegalArgumentException(what + " lie between " + least + " and " + most + ", got " + number);
        }
        return number;
    }

    /** One that nobody has trained: nearly a line between two ends, sigmoids spread evenly. */
    public static MonotoneSchedule even(double first, double last) {
        double[] numbers = new double[2 + EACH * SIGMOIDS];
        numbers[0] = first;
        numbers[1] = last;
        for (int j = 0; j < SIGMOIDS; j++) {
            numbers[place(j)] = -2;
            numbers[place(j) + 1] = EVEN_STEEPNESS;
            numbers[place(j) + 2] = (j + 0.5) / SIGMOIDS;
        }
        return new MonotoneSchedule(numbers);
    }

    private static int place(int sigmoid) {
        return 2 + EACH * sigmoid;
    }

    private double logit(int j) {
        return numbers[place(j)];
    }

    private double middle(int j) {
        return numbers[place(j) + 2];
    }

    private static double logistic(double z) {
        return 1 / (1 + StrictMath.exp(-z));
    }

    /** A copy of the numbers. */
    public double[] numbers() {
        return numbers.clone();
    }

    /** gamma(0). */
    public double first() {
        return numbers[0];
    }

    /** gamma(1). */
    public double last() {
        return numbers[1];
    }

    private int sigmoids() {
        return height.length;
    }

    /** gamma at u; u may lie somewhat outside [0, 1]. */
    public double gamma(double u) {
        double s = shares[sigmoids()] * u;
        for (int j = 0; j < sigmoids(); j++) {
            s += shares[j] * (logistic(steepness[j] * (u - middle(j))) - below[j]) / height[j];
        }
        return numbers[0] + (numbers[1] - numbers[0]) * s;
    }

    /** d gamma/du, above 0. */
    public double slope(double u) {
        double slope = shares[sigmoids()];
        for (int j = 0; j < sigmoids(); j++) {
            double w = steepness[j];
            double a = logistic(w * (u - middle(j)));
            slope += shares[j] * w * a * (1 - a) / height[j];
        }
        return (numbers[1] - numbers[0]) * slope;
    }

    /**
     * How ln(d gamma/du), read at the place where gamma has the value that it has at u, changes with each number: 0 for the ends. It is what
     * makes the square of a loss that weighs gamma's slope smaller: the loss is a function of gamma, whose density over a uniform u is
     * 1/slope.
     *
     * @return a number for each of {@link #numbers}
     */
    public double[] logSlopeGradient(double u) {
        int sigmoids = sigmoids();
        double s = shares[sigmoids] * u;
        double first = shares[sigmoids];
        double second = 0;
        double[][] parts = new double[sigmoids][];
        for (int j = 0; j < sigmoids; j++) {
            double w = steepness[j];
            double z = w * (u - middle(j));
            double a = logistic(z);
            double da = a * (1 - a);
            double dda = da * (1 - 2 * a);
            double h = height[j];
            double part = (a - below[j]) / h;
            double partSlope = w * da / h;
            s += shares[j] * part;
            first += shares[j] * partSlope;
            second += shares[j] * w * w * dda / h;
            double low = -w * middle(j);
            double high = w * (1 - middle(j));
            double lowSlope = below[j] * (1 - below[j]);
            double top = below[j] + h;
            double highSlope = top * (1 - top);
            double steeperHeight = high * highSlope - low * lowSlope;
            double movedHeight = -w * (highSlope - lowSlope);
            parts[j] = new double[] {
                part,
                partSlope,
                (z * da - low * lowSlope - part * steeperHeight) / h, // d part/d steepness
                (w * da + w * z * dda) / h - partSlope * steeperHeight / h,
                (-w * (da - lowSlope) - part * movedHeight) / h, // d part/d middle
                -w * w * dda / h - partSlope * movedHeight / h
            };
        }
        double[] gradient = new double[numbers.length];
        for (int j = 0; j < sigmoids; j++) {
            double share = shares[j];
            double[] p = parts[j];
            gradient[place(j)] = held(share * (p[0] - s), share * (p[1] - first), first, second);
            gradient[place(j) + 1] = held(share * p[2], share * p[3], first, second);
            gradient[place(j) + 2] = held(share * p[4], share * p[5], first, second);
        }
        return gradient;
    }

    /** d ln s'/d number at a value of s that is held: d s'/s' - s'' d s/s'^2. */
    private static double held(double ofValue, double ofSlope, double first, double second) {
        return ofSlope / first - second * ofValue / (first * first);
    }

    /** The same numbers, moved; each is kept in its range. */
    public MonotoneSchedule moved(double[] by, double least, double most) {
        double[] moved = numbers.clone();
        moved[0] = clamped(moved[0] + by[0], least, most - LEAST_WAY);
        moved[1] = clamped(moved[1] + by[1], moved[0] + LEAST_WAY, most);
        for (int j = 0; j < sigmoids(); j++) {
            int at = place(j);
            moved[at] = clamped(moved[at] + by[at], -8, 8);
            moved[at + 1] = clamped(moved[at + 1] + by[at + 1], 0, STEEPEST);
            moved[at + 2] = clamped(moved[at + 2] + by[at + 2], -0.5, 1.5);
        }
        return new MonotoneSchedule(moved);
    }

    private static double clamped(double value, double least, double most) {
        return StrictMath.min(most, StrictMath.max(least, value));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MonotoneSchedule schedule && Arrays.equals(numbers, schedule.numbers);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(numbers);
    }

    @Override
    public String toString() {
        return "MonotoneSchedule" + Arrays.toString(numbers);
    }
}
