package org.tweedie.metric;

/** The binomial law of fair trials. Stateless. */
public final class Binomial {
    private Binomial() {}

    /** The probability that at least {@code hits} of {@code trials} fair trials hit: the p-value of a count above half of them. */
    public static double atLeast(long hits, long trials) {
        if (trials < 0 || hits > trials) {
            throw new IllegalArgumentException("of " + trials + " trials " + hits + " cannot hit");
        }
        double logChoices = 0; // of trials
        double sum = 0;
        for (long missed = 0; missed <= trials - Math.max(0, hits); missed++) {
            if (missed > 0) {
                logChoices += StrictMath.log((trials - missed + 1.0) / missed);
            }
            sum += StrictMath.exp(logChoices - trials * StrictMath.log(2));
        }
        return Math.min(1, sum);
    }
}
