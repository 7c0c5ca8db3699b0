package org.tweedie.train;

import org.tweedie.sde.Sde;
import org.tweedie.sde.VeSde;

/**
 * Noise of conditions that shrinks while a network learns (VS-CMDE; Batzolis et al., arXiv 2111.13606): the largest noise level goes from one
 * process's to another's along a line, in {@value #STAGES} equal parts, over so many steps; from then on it is the other process's. A function of
 * the step alone, so that a run which is resumed goes on to the same bits. Immutable.
 *
 * @param from at step 1
 * @param to after {@code steps}: what sampling carries conditions along with
 * @param steps of the optimiser, at least 1
 */
public record ShrinkingNoise(VeSde from, VeSde to, long steps) {
    private static final int STAGES = 256;

    public ShrinkingNoise {
        if (from.least() != to.least() || from.exact() != to.exact() || from.cutoff() != to.cutoff()) {
            throw new IllegalArgumentException("noise that shrinks keeps its kind, its least level and its cutoff, got "
                    + from.spec() + " and " + to.spec());
        }
        if (!(from.most() > to.most())) {
            throw new IllegalArgumentException("noise that shrinks goes from more to less, got " + from.most() + " to "
                    + to.most() + "; the noise of the rows is where to begin");
        }
        if (steps < 1 || steps > 1L << 40) {
            throw new IllegalArgumentException("noise shrinks over 1 to 2^40 steps, got " + steps);
        }
    }

    /** The part of the way, 0 to {@value #STAGES}, at a step, from 1. */
    int stage(long step) {
        return step > steps ? STAGES : (int) ((step - 1) * STAGES / steps);
    }

    /** The process of a part of the way. */
    Sde at(int stage) {
        double share = (double) stage / STAGES;
        return stage == STAGES
                ? to
                : new VeSde(
                        from.least(),
                        from.most() + share * (to.most() - from.most()),
                        from.exact(),
                        from.cutoff(),
                        from.space());
    }

    /** {@code ve:0.01,50 to ve:0.01,0.5 in 1000}. */
    @Override
    public String toString() {
        return from.spec() + " to " + to.spec() + " in " + steps;
    }
}
