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
            return inputs -> Features.affine();
        }

        /**
         * The input itself and bumps exp(-r^2/(2 d width^2)) around so many of the inputs, evenly taken in their order, where r is the distance in deviations and
         * d the number of coordinates.
         *
         * @param centres at least 1; all inputs where they are fewer
         * @param width positive: 1 for smooth functions, less for those that change within a part of a deviation
         */
        static Basis radial(int centres, double width) {
            if (centres < 1) {
                throw new IllegalArgumentException("radial features have a centre at least, got " + centres);
            }
            if (!(width > 0 && width < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("the width of radial features must be positive, got " + width);
            }
            return inputs -> radial(inputs, StrictMath.min(centres, inputs.length), width);
        }

        private static Features radial(double[][] inputs, int count, double width) {
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
            double[][] centres = new double[count][];
            for (int c = 0; c < count; c++) {
                centres[c] = inputs[(int) ((long) c * inputs.length / count)].clone();
            }
            return input -> {
                double[] phi = Arrays.copyOf(input, d + count);
                for (int c = 0; c < count; c++) {
                    double square = 0;
                    for (int j = 0; j < d; j++) {
                        double apart = input[j] - centres[c][j];
                        square += variance[j] == 0 ? 0 : apart * apart / variance[j];
                    }
                    phi[d + c] = StrictMath.exp(-square / (2 * d * width * width));
                }
                return phi;
            };
        }
    }
}
