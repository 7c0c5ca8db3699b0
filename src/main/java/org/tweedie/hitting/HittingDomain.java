package org.tweedie.hitting;

import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.plan.Space;

/**
 * A place to walk in and a set to hit: Brownian motion dZ = dW from a fixed start, until it first hits the set. Conditioned to hit at y (Doob's transform) it has the drift
 *
 * <pre>
 *   eta^y(z) = grad ln h^y(z)        h^y the density of where Brownian motion from z hits
 * </pre>
 *
 * <p>A model is the walk with the drift E[ eta^Y(z) | the walk to Y is at z ], whose ends have the law of the data Y (Ye, Wu, Liu, "First hitting diffusion models
 * for generating manifold, graph and categorical data", NeurIPS 2022, arXiv 2209.01170). Domains write themselves as formulas, so every device walks by the same bits.
 *
 * <p>Immutable, shared by threads.
 */
public interface HittingDomain {
    /** Where walks go. */
    Space space();

    /** Where they end, as rows of data are written. */
    Space ends();

    /** Where every walk starts. */
    double[] start();

    /** What a network of this domain tells: the drift, or the mean end where the bridge drift is affine in it. */
    Drive learns();

    /** Uniform numbers that a step draws beside its normals; 0 where distance alone tells of a hit. */
    int coins();

    /** Normals that a step of a bridge draws. */
    default int bridgeNormals() {
        return space().width();
    }

    /** How far z is from the set. */
    Value distance(FormulaWriter f, Value z);

    /**
     * eta^y(z).
     *
     * @param y an end, or, where {@link #learns} is {@link Drive#END}, a mean of ends
     * @param least distances below it count as it, where the drift is infinite; above 0
     */
    Value drift(FormulaWriter f, Value z, Value y, double least);

    /**
     * One step.
     *
     * @param drift as wide as z
     * @param normals as wide as z
     * @param coins {@link #coins} wide; not read where that is 0
     */
    Move move(FormulaWriter f, Value z, Value drift, Value normals, Value coins, HittingSteps steps);

    /**
     * One step of the bridge towards the end y.
     *
     * @param normals {@link #bridgeNormals} wide
     */
    default Move towards(FormulaWriter f, Value z, Value y, Value normals, Value coins, HittingSteps steps) {
        return move(f, z, drift(f, z, y, steps.tolerance()), normals, coins, steps);
    }

    /** The end of a walk that got to z. */
    Value end(FormulaWriter f, Value z);

    /**
     * Refuses rows that no walk could end at.
     *
     * @param rows as wide as {@link #ends}
     * @throws IllegalArgumentException naming the row, and what it should be
     */
    void require(float[] rows);

    /** For people and checkpoints. */
    String spec();

    /**
     * What became of a row in a step. Immutable.
     *
     * @param place after it
     * @param time that it took
     * @param left above 0 while the set is not hit, as far as it is away
     */
    record Move(Value place, Value time, Value left) {}
}
