package org.tweedie.rng;

/** The law of a draw, as a formula in double: numbers of one row from its words and, where it has any, its parameters. Stateless, shared by threads. */
@FunctionalInterface
public interface Law {
    /** Independent standard normal coordinates. */
    Law NORMAL = StandardLaw.NORMAL;
    /** Independent coordinates, uniform on (0, 1). */
    Law UNIFORM = StandardLaw.UNIFORM;
    /** Independent signs, -1 or 1. */
    Law RADEMACHER = StandardLaw.RADEMACHER;

    /**
     * Draws one row.
     *
     * @param words the row's words
     * @param from the law's parameters for this row, one array each; empty for the standard laws
     * @param into filled
     */
    void draw(Words words, double[][] from, double[] into);
}
