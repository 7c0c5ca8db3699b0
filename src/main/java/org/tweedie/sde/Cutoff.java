package org.tweedie.sde;

final class Cutoff {
    private Cutoff() {}

    static double check(double cutoff, double horizon) {
        if (!(cutoff > 0 && cutoff < horizon)) {
            throw new IllegalArgumentException(
                    "cutoff must lie between 0 and the horizon " + horizon + ", got " + cutoff);
        }
        return cutoff;
    }
}
