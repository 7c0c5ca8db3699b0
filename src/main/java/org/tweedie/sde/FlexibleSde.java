package org.tweedie.sde;

import java.util.Arrays;
import java.util.Optional;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.rng.Purpose;

/**
 * The linear SDE with stationary law N(0, I) in its general form with constant matrices, whose numbers can be learned (Du, Zhang, Yang and Du, "A
 * flexible diffusion model", ICML 2023, arXiv 2206.10365; Ma, Chen and Fox 2015 for the form):
 *
 * <pre>
 * dX = beta(t) A X dt + sqrt(beta(t)) R^(-1/2) dW        A = -(R^-1 + 2 omega)/2
 * X_t given X_0 = x0 is N(E x0, I - E E')                E = exp(A B(t)),  B the integral of beta
 * </pre>
 *
 * with R^-1 diagonal and positive, omega antisymmetric and beta linear on [0, 1]: FP-Drift has R = I, FP-Noise omega = 0, and {@link VpSde} is both,
 * to the bit. The covariance is that because A + A' = -R^-1. {@link EulerMaruyama}, {@link ProbabilityFlowEuler} and {@link ExponentialIntegrator}
 * sample it; a density, a bound and other methods need an {@link Sde}, whose coefficients are numbers, and refuse it. One of one coordinate goes to
 * any number of them, each with its rate ({@link #on}). Immutable, shared by threads.
 */
public final class FlexibleSde implements Noising {
    /** What of it is learned beside a network, by its name in specs; a process that nobody trains is the same whichever it is. Immutable. */
    public enum Learns {
        /** Rates and omega. */
        BOTH("flexible"),
        /** Omega; the rates stay as they are (FP-Drift). */
        DRIFT("flexible-drift"),
        /** The rates; omega stays as it is (FP-Noise). */
        NOISE("flexible-noise");

        private final String spec;

        Learns(String spec) {
            this.spec = spec;
        }

        /** The name. */
        public String spec() {
            return spec;
        }

        /** Whether the diagonal of R^-1 learns. */
        public boolean rates() {
            return this != DRIFT;
        }

        /** Whether omega learns. */
        public boolean turns() {
            return this != NOISE;
        }
    }

    /** Coordinates at most: a step is a dense matrix. */
    public static final int WIDEST = 64;

    /** What rates of noise lie within, and the entries of omega in size. */
    public static final double LARGEST = 1000;

    private final Learns learns;
    private final LinearRate line;
    private final double cutoff;
    private final double[] rates;
    private final double[] turns;

    /** One of which all learns. */
    public FlexibleSde(double first, double last, double cutoff, double[] rates, double[] turns) {
        this(Learns.BOTH, first, last, cutoff, rates, turns);
    }

    /**
     * @param first beta(0), above 0
     * @param last beta(1), at least first
     * @param cutoff smallest time used, in (0, 1)
     * @param rates the diagonal of R^-1, one a coordinate, 1/1000 to 1000
     * @param turns omega above its diagonal, row by row, at most 1000 in size; empty for none
     */
    public FlexibleSde(Learns learns, double first, double last, double cutoff, double[] rates, double[] turns) {
        this.learns = learns;
        line = new LinearRate(first, last);
        this.cutoff = Cutoff.check(cutoff, 1);
        int d = rates.length;
        requireWidth(d);
        if (turns.length != 0 && turns.length != d * (d - 1) / 2) {
            throw new IllegalArgumentException("omega of " + d + " coordinates has " + d * (d - 1) / 2
                    + " numbers above its diagonal, got " + turns.length);
        }
        for (double rate : rates) {
            if (!(rate >= 1 / LARGEST && rate <= LARGEST)) {
                throw new IllegalArgumentException(
                        "rates of noise lie between " + 1 / LARGEST + " and " + LARGEST + ", got " + rate);
            }
        }
        for (double turn : turns) {
            if (!(StrictMath.abs(turn) <= LARGEST)) {
                throw new IllegalArgumentException("omega's numbers are at most " + LARGEST + " in size, got " + turn);
            }
        }
        this.rates = rates.clone();
        this.turns = Arrays.stream(turns).allMatch(turn -> turn == 0) ? new double[0] : turns.clone();
    }

    private static void requireWidth(int d) {
        if (d < 1 || d > WIDEST) {
            throw new IllegalArgumentException(
                    "a flexible process has 1 to " + WIDEST + " coordinates, each with its rate of noise, got " + d);
        }
    }

    /** Where learning starts: VP of the usual rates, R = I and omega = 0. */
    public static FlexibleSde standard(int width) {
        return new FlexibleSde(0.1, 20, VpSde.CUTOFF, new double[] {1}, new double[0]).on(Space.euclidean(width));
    }

    /**
     * Reads {@code flexible}, {@code flexible:FIRST,LAST}, with the cutoff as a third number, then {@code ;} and the rates, then {@code ;} and omega
     * above its diagonal, row by row: {@code flexible-noise:0.1,20,1e-3;1.2,0.7}. Without rates all are 1, without omega it is 0.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    static FlexibleSde parse(String spec) {
        int colon = spec.indexOf(':');
        String name = colon < 0 ? spec : spec.substring(0, colon);
        Learns learns = Arrays.stream(Learns.values())
                .filter(known -> known.spec.equals(name))
                .findFirst()
                .orElse(Learns.BOTH);
        String[] parts =
                colon < 0 ? new String[] {""} : spec.substring(colon + 1).split(";", -1);
        double[] clock = numbers(parts[0], spec);
        if (parts.length > 3 || clock.length == 1 || clock.length > 3) {
            throw new IllegalArgumentException("'" + spec + "' has " + clock.length + " numbers of its clock and "
                    + (parts.length - 1) + " parts after; say " + name + ", " + name + ":A,B, " + name
                    + ":A,B,CUTOFF;RATES or "
                    + name + ":A,B,CUTOFF;RATES;OMEGA");
        }
        return new FlexibleSde(
                learns,
                clock.length == 0 ? 0.1 : clock[0],
                clock.length == 0 ? 20 : clock[1],
                clock.length < 3 ? VpSde.CUTOFF : clock[2],
                parts.length < 2 ? new double[] {1} : numbers(parts[1], spec),
                parts.length < 3 ? new double[0] : numbers(parts[2], spec));
    }

    private static double[] numbers(String text, String spec) {
        return Spelling.list(text).stream()
                .mapToDouble(number -> Spelling.number(number, spec))
                .toArray();
    }

    /** The same clock with other numbers. */
    public FlexibleSde with(double[] rates, double[] turns) {
        return new FlexibleSde(learns, line.first(), line.last(), cutoff, rates, turns);
    }

    /** What of it is learned beside a network. */
    public Learns learns() {
        return learns;
    }

    /** A copy of the diagonal of R^-1. */
    public double[] rates() {
        return rates.clone();
    }

    /** A copy of omega above its diagonal, row by row; zeros where it has none. */
    public double[] turns() {
        return turns.length == 0 ? new double[rates.length * (rates.length - 1) / 2] : turns.clone();
    }

    @Override
    public Space space() {
        return Space.euclidean(rates.length);
    }

    /**
     * This process, whose matrices are of its own width; one of one coordinate with its rate for each of the space's.
     *
     * @throws IllegalArgumentException if it has more, and another width, or the space is wider than {@value #WIDEST}
     */
    @Override
    public FlexibleSde on(Space space) {
        if (space.width() == rates.length) {
            return this;
        }
        if (rates.length > 1) {
            throw new IllegalArgumentException("a flexible process of " + rates.length
                    + " coordinates has a rate for each of them, and cannot go to " + space.width());
        }
        requireWidth(space.width());
        double[] each = new double[space.width()];
        Arrays.fill(each, rates[0]);
        return with(each, new double[0]);
    }

    @Override
    public double horizon() {
        return 1;
    }

    @Override
    public double cutoff() {
        return cutoff;
    }

    @Override
    public void prior(Plan.Writer plan, int... state) {
        for (int x : state) {
            plan.normal(Purpose.PRIOR, x);
        }
    }

    /** beta(t). */
    public double beta(double t) {
        return line.rate(t);
    }

    /** B(t), the integral of beta from 0. */
    public double clock(double t) {
        return line.integral(t);
    }

    private boolean diagonal() {
        return turns.length == 0;
    }

    /** The process of the same clock with R = I and omega = 0. */
    VpSde straight() {
        return new VpSde(line.first(), line.last(), cutoff, space());
    }

    /** The process of one number for f and one for g that this is, if R = I and omega = 0. */
    Optional<VpSde> plain() {
        return diagonal() && Arrays.stream(rates).allMatch(rate -> rate == 1)
                ? Optional.of(straight())
                : Optional.empty();
    }

    /** Whether all rates are one. */
    boolean even() {
        return Arrays.stream(rates).allMatch(rate -> rate == rates[0]);
    }

    /** omega, [row][column]. */
    public double[][] omega() {
        int d = rates.length;
        double[][] omega = new double[d][d];
        int at = 0;
        for (int i = 0; i < d && !diagonal(); i++) {
            for (int j = i + 1; j < d; j++) {
                omega[i][j] = turns[at];
                omega[j][i] = -turns[at++];
            }
        }
        return omega;
    }

    /** A. */
    public double[][] drift() {
        double[][] a = SquareMatrix.sum(-1, omega(), 0, omega());
        for (int i = 0; i < rates.length; i++) {
            a[i][i] = -0.5 * rates[i];
        }
        return a;
    }

    /** exp(A c): E at a clock c, which may be below 0. */
    public double[][] transition(double c) {
        int d = rates.length;
        if (diagonal()) {
            double[][] e = new double[d][d];
            for (int i = 0; i < d; i++) {
                e[i][i] = StrictMath.exp(-0.5 * rates[i] * c);
            }
            return e;
        }
        double[][] a = drift();
        return SquareMatrix.exp(SquareMatrix.sum(c, a, 0, a));
    }

    /** I - E E' at a clock c &gt; 0, every digit kept near 0. */
    public double[][] covariance(double c) {
        int d = rates.length;
        if (diagonal() || even()) {
            double[][] covariance = new double[d][d];
            for (int i = 0; i < d; i++) {
                covariance[i][i] = -StrictMath.expm1(-rates[i] * c);
            }
            return covariance;
        }
        double[][] a = drift();
        if (SquareMatrix.norm(a) * c > 1) {
            double[][] e = transition(c);
            return SquareMatrix.sum(
                    1, SquareMatrix.identity(d), -1, SquareMatrix.product(e, SquareMatrix.transposed(e)));
        }
        // the integral of exp(A r) R^-1 exp(A' r) over r in [0, c], which is I - E E' without its cancellation: exp(A
        // c) times the corner of
        // exp of [[-A, R^-1], [0, A']] c
        double[][] inner = new double[d][d];
        for (int i = 0; i < d; i++) {
            inner[i][i] = rates[i] * c;
        }
        double[][] corner = SquareMatrix.corner(
                SquareMatrix.sum(-c, a, 0, a), inner, SquareMatrix.transposed(SquareMatrix.sum(c, a, 0, a)));
        double[][] covariance = SquareMatrix.product(transition(c), corner);
        return SquareMatrix.sum(0.5, covariance, 0.5, SquareMatrix.transposed(covariance));
    }

    /** The lower triangle whose square the covariance is. */
    public double[][] noise(double c) {
        return SquareMatrix.cholesky(covariance(c));
    }

    /** The derivative of exp(A c) along a change of A (Frechet): the integral of exp(A r) dA exp(A (c - r)) over r in [0, c]. */
    public double[][] transitionDerivative(double c, double[][] change) {
        double[][] a = drift();
        double[][] scaled = SquareMatrix.sum(c, a, 0, a);
        return SquareMatrix.corner(scaled, SquareMatrix.sum(c, change, 0, change), scaled);
    }

    /** What goes back to A from what goes back to exp(A c): the same integral with A' and that for dA. */
    double[][] transitionAdjoint(double c, double[][] back) {
        double[][] a = SquareMatrix.transposed(drift());
        double[][] scaled = SquareMatrix.sum(c, a, 0, a);
        return SquareMatrix.corner(scaled, SquareMatrix.sum(c, back, 0, back), scaled);
    }

    /** The integral of exp(-A r) over r in [0, c]. */
    double[][] held(double c) {
        int d = rates.length;
        double[][] a = drift();
        return SquareMatrix.sum(
                c,
                SquareMatrix.corner(SquareMatrix.sum(-c, a, 0, a), SquareMatrix.identity(d), new double[d][d]),
                0,
                a);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FlexibleSde flexible
                && learns == flexible.learns
                && line.equals(flexible.line)
                && cutoff == flexible.cutoff
                && Arrays.equals(rates, flexible.rates)
                && Arrays.equals(turns, flexible.turns);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(rates) + 31 * Arrays.hashCode(turns) + line.hashCode();
    }

    /** {@code flexible:FIRST,LAST,CUTOFF;RATES;OMEGA}, the last part where there is one; its name says what learns. */
    @Override
    public String spec() {
        StringBuilder spec = new StringBuilder(learns.spec);
        spec.append(':')
                .append(list(line.first(), line.last(), cutoff))
                .append(';')
                .append(list(rates));
        return diagonal()
                ? spec.toString()
                : spec.append(';').append(list(turns)).toString();
    }

    private static String list(double... numbers) {
        return String.join(
                ",", Arrays.stream(numbers).mapToObj(Spelling::number).toList());
    }

    @Override
    public String toString() {
        return spec();
    }
}
