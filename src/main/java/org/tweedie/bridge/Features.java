package org.tweedie.bridge;

import java.util.Arrays;

/** What a regression is linear in, as a function of its input; a constant is not among them. Immutable; any thread. */
@FunctionalInterface
public interface Features {
    /** The features of an input. */
    double[] of(double[] input);

    /** The input itself: regressions are affine, and exact between normal laws. */
    static Features affine() {
        return input -> input;
    }

    /** Features that are chosen from the inputs of a regression. Immutable; any thread. */
    @FunctionalInterface
    interface Basis {
        /** @param inputs [row][coordinate] */
        Features of(double[][] inputs);

        /** {@link Features#affine}. */
        static Basis affine() {
            return Affine.INSTANCE;
        }

        /**
         * The input itself and bumps exp(-r^2/(2 d width^2)) around so many of the inputs, evenly taken in their order, where r is the distance in deviations and
         * d the number of coordinates.
         *
         * @param centres at least 1; all inputs where they are fewer
         * @param width positive: 1 for smooth functions, less for those that change within a part of a deviation
         */
        static Basis radial(int centres, double width) {
            return new Radial(centres, width);
        }

        /** {@link Basis#affine}. Immutable; any thread. */
        enum Affine implements Basis {
            /** The one there is. */
            INSTANCE;

            @Override
            public Features of(double[][] inputs) {
                return Features.affine();
            }
        }

        /** {@link Basis#radial}. Immutable; any thread. */
        record Radial(int centres, double width) implements Basis {
            public Radial {
                if (centres < 1) {
                    throw new IllegalArgumentException("radial features have a centre at least, got " + centres);
                }
                if (!(width > 0 && width < Double.POSITIVE_INFINITY)) {
                    throw new IllegalArgumentException("the width of radial features must be positive, got " + width);
                }
            }

            @Override
            public Bumps of(double[][] inputs) {
                int d = inputs[0].length;
                double[] mean = new double[d];
                double[] variance = new double[d];
                for (double[] input : inputs) {
                    for (int j = 0; j < d; j++) {
                        mean[j] += input[j] / inputs.length;
                    }
                }
                for (double[] input : inputs) {
                    for (int j = 0; j < d; j++) {
                        variance[j] += (input[j] - mean[j]) * (input[j] - mean[j]) / inputs.length;
                    }
                }
                double[][] around = new double[StrictMath.min(centres, inputs.length)][];
                for (int c = 0; c < around.length; c++) {
                    around[c] = inputs[(int) ((long) c * inputs.length / around.length)].clone();
                }
                return new Bumps(around, variance, width);
            }
        }
    }

    /**
     * The input itself and bumps around points. Immutable but for its arrays, which nobody may change while threads share it.
     *
     * @param centres [bump][coordinate]
     * @param variance of the coordinates; one of variance 0 counts for no distance
     */
    record Bumps(double[][] centres, double[] variance, double width) implements Features {
        @Override
        public double[] of(double[] input) {
            int d = variance.length;
            double[] phi = Arrays.copyOf(input, d + centres.length);
            for (int c = 0; c < centres.length; c++) {
                double square = 0;
                for (int j = 0; j < d; j++) {
                    double apart = input[j] - centres[c][j];
                    square += variance[j] == 0 ? 0 : apart * apart / variance[j];
                }
                phi[d + c] = StrictMath.exp(-square / (2 * d * width * width));
            }
            return phi;
        }
    }
}
