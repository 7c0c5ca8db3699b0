package org.tweedie.sde;

/** beta(t) = first + t (last - first) on [0, 1], and its integral B. */
record LinearRate(double first, double last) {
    LinearRate {
        if (!(first > 0 && last >= first && Double.isFinite(last))) {
            throw new IllegalArgumentException("noise rates must satisfy 0 < first <= last, got " + first + " and "
                    + last + "; the usual ones are 0.1 and 20");
        }
    }

    double rate(double t) {
        return first + t * (last - first);
    }

    double integral(double t) {
        return t * (first + 0.5 * t * (last - first));
    }

    /** The time at which the integral has this value. */
    double time(double integral) {
        return 2 * integral / (first + StrictMath.sqrt(first * first + 2 * (last - first) * integral));
    }
}
