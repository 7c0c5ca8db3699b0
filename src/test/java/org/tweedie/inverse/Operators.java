package org.tweedie.inverse;

import java.util.LinkedHashMap;
import java.util.Map;

/** One operator of each kind, small: what every contract is held against. */
final class Operators {
    private Operators() {}

    static Map<String, LinearOperator> all() {
        Map<String, LinearOperator> all = new LinkedHashMap<>();
        all.put("mask", LinearOperator.mask(7, 1, 2, 5));
        all.put("mask out of order", LinearOperator.mask(7, 6, 0, 3, 4));
        all.put("scaled mask", LinearOperator.mask(5, 0, 3).scaled(new double[] {2, 1, 1, -0.5, 3}));
        all.put("tall matrix", LinearOperator.matrix(new double[][] {{1, 2}, {3, -4}, {0.5, 0}}));
        all.put("wide matrix", LinearOperator.matrix(new double[][] {{1, 2, 3}, {3, -4, 0}}));
        all.put("matrix of rank 1", LinearOperator.matrix(new double[][] {{1, 2, 3}, {2, 4, 6}}));
        all.put(
                "scaled matrix",
                LinearOperator.matrix(new double[][] {{1, 2}, {0, 1}}).scaled(new double[] {3, 0.25}));
        all.put("blur", ImageOperators.blur(new ImageSize(4, 5), 0.8));
        all.put("blur that is not even", ImageOperators.blur(new ImageSize(3, 4), new double[][] {{0.5, 1, -0.25}}));
        all.put("downsample", ImageOperators.downsample(new ImageSize(4, 6, 2), 2));
        all.put("grey", ImageOperators.grey(new ImageSize(2, 2, 3)));
        all.put("radon", ImageOperators.radon(5, 4, 7));
        boolean[][] seen = new boolean[4][5];
        seen[0][0] = true;
        seen[2][0] = true;
        seen[1][3] = true;
        seen[3][1] = true;
        all.put("fourier", ImageOperators.fourier(new ImageSize(4, 5), seen));
        return all;
    }
}
