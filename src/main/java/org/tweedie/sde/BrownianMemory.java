package org.tweedie.sde;

import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;

/**
 * The noise ahead of a row that has refused a step, in formulas: what was drawn is kept and divided, never drawn again, or large increments
 * would be refused more often than small ones and the path would not be Brownian.
 *
 * <p>Ahead of the row lie up to {@value #DEPTH} intervals, the nearest first, each with its length (0 where there is none) and the increment
 * over it. An attempt takes the nearest whole. If it is longer than the row wants, the row first divides it: over the first h of a length L
 * with increment S, the increment given S is h/L S + sqrt(h (1 - h/L)) z, and the rest is what remains. If there is none, a fresh one
 * sqrt(h) z. So an attempt needs one draw, whatever it does with it. Only what is taken is forgotten.
 *
 * <p>Rackauckas and Nie, Discrete and Continuous Dynamical Systems B, 2017, arXiv 1612.00868 (rejection sampling with memory). Stateless.
 */
final class BrownianMemory {
    /** Intervals that a row can have ahead of it; with all of them in use it takes the nearest as it is. */
    static final int DEPTH = 5;

    private BrownianMemory() {}

    /** The nearest interval, and all of them, it included. Belongs to the formula's writer. */
    record Attempt(Value length, Value increment, Value lengths, Value increments) {}

    /**
     * The interval of the next attempt.
     *
     * @param wanted the length the row would like, above 0
     * @param lengths {@link #DEPTH} wide
     * @param increments {@link #DEPTH} rows
     * @param z a row of standard normals
     */
    static Attempt attempt(FormulaWriter f, Value wanted, Value lengths, Value increments, Value z) {
        int d = z.width();
        Value length = lengths.at(0);
        Value increment = increments.part(0, d);
        Value divides = length.select(
                full(lengths).select(f.number(0), length.times(0.99).minus(wanted)), f.number(0));
        Value share = wanted.over(length.select(length, wanted));
        Value spread = wanted.times(f.number(1).minus(share)).root(); // 0 where it is not divided
        Value bridge = increment.times(share).plus(spread.times(z));
        Value fresh = wanted.root().times(z);
        Value nearest = divides.select(bridge, length.select(increment, fresh));
        Value nearestLength = divides.select(wanted, length.select(length, wanted));

        Value rest = increment.minus(nearest);
        Value divided = f.joined(nearest, rest, increments.part(d, (DEPTH - 2) * d));
        Value whole = f.joined(nearest, increments.part(d, (DEPTH - 1) * d));
        Value dividedLengths = f.joined(nearestLength, length.minus(nearestLength), lengths.part(1, DEPTH - 2));
        Value wholeLengths = f.joined(nearestLength, lengths.part(1, DEPTH - 1));
        return new Attempt(
                nearestLength, nearest, divides.select(dividedLengths, wholeLengths), divides.select(divided, whole));
    }

    /** Above 0 where no interval can be divided any more: an attempt must then be taken. */
    static Value full(Value lengths) {
        return lengths.at(DEPTH - 1);
    }

    /** The intervals, or their increments, {@code each} wide: without the nearest where {@code taken} is above 0. */
    static Value after(FormulaWriter f, Value taken, Value intervals, int each) {
        Value gone = f.joined(intervals.part(each, (DEPTH - 1) * each), f.literal(new double[each]));
        return taken.select(gone, intervals);
    }
}
