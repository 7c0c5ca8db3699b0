package org.tweedie.sde;

/**
 * Embedded Runge-Kutta pairs whose last stage is the next step's first: k_i = F(x + h sum_j a_ij k_j; t + c_i h), and the difference of the
 * two formulas over the same stages estimates the error. The higher order is taken. Immutable.
 */
public enum RungeKutta {
    /** Bogacki and Shampine, 1989, order 3 with 2: three evaluations a step. For loose tolerances. */
    BOGACKI_SHAMPINE(
            "rk23",
            3,
            new double[] {0, 1.0 / 2, 3.0 / 4, 1},
            new double[][] {{}, {1.0 / 2}, {0, 3.0 / 4}, {2.0 / 9, 1.0 / 3, 4.0 / 9}},
            new double[] {7.0 / 24, 1.0 / 4, 1.0 / 3, 1.0 / 8}),

    /** Dormand and Prince, 1980, order 5 with 4: six evaluations a step. For tolerances of 1e-4 and below. */
    DORMAND_PRINCE(
            "rk45",
            5,
            new double[] {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1},
            new double[][] {
                {},
                {1.0 / 5},
                {3.0 / 40, 9.0 / 40},
                {44.0 / 45, -56.0 / 15, 32.0 / 9},
                {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
                {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
                {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}
            },
            new double[] {5179.0 / 57600, 0, 7571.0 / 16695, 393.0 / 640, -92097.0 / 339200, 187.0 / 2100, 1.0 / 40});

    private final String word;
    private final int order;
    private final double[] c;
    private final double[][] a;
    private final double[] lower;

    RungeKutta(String word, int order, double[] c, double[][] a, double[] lower) {
        this.word = word;
        this.order = order;
        this.c = c;
        this.a = a;
        this.lower = lower;
    }

    /** Of the solution taken; the error estimate falls with this power of the step. */
    int order() {
        return order;
    }

    int stages() {
        return c.length;
    }

    double c(int i) {
        return c[i];
    }

    double a(int i, int j) {
        return j < a[i].length ? a[i][j] : 0;
    }

    /** The weight of stage i in the difference of the two formulas. */
    double error(int i) {
        return a(stages() - 1, i) - lower[i];
    }

    /** The word in a spec. */
    String word() {
        return word;
    }
}
