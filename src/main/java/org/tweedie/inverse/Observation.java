package org.tweedie.inverse;

/**
 * y = A x + noise z, z standard normal, in the units of the data: what is known of a row. The y themselves are given rows, {@code
 * sampler.given(name, rows, operator.into())}. Immutable.
 *
 * @param name of the given register with y; everything that a solver adds to a plan begins with it, so observations of one sampler differ in it
 * @param noise standard deviation of each coordinate of y; 0 where y is exact
 */
public record Observation(String name, LinearOperator operator, double noise) {
    /** The name when nothing is said. */
    public static final String NAME = "observed";

    public Observation {
        if (name.isBlank()) {
            throw new IllegalArgumentException("an observation needs a name, as " + NAME);
        }
        if (!(noise >= 0 && noise < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "the noise of an observation is a standard deviation, 0 or above, got " + noise);
        }
    }

    public static Observation of(LinearOperator operator, double noise) {
        return new Observation(NAME, operator, noise);
    }

    double requireNoise(String solver) {
        if (noise == 0) {
            throw new IllegalArgumentException(
                    solver + " divides by the noise of the observation, which is 0; say what it is,"
                            + " or take pseudo-inverse guidance, ddrm or replacement");
        }
        return noise;
    }
}
