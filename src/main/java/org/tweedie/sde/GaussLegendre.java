package org.tweedie.sde;

import java.util.function.DoubleUnaryOperator;

/** Gauss-Legendre quadrature with 24 nodes: exact for polynomials of degree 47. Stateless. */
public final class GaussLegendre {
    private static final int NODES = 24;
    private static final double[] NODE = new double[NODES];
    private static final double[] WEIGHT = new double[NODES];

    static {
        for (int i = 0; i < NODES; ++i) {
            double x = StrictMath.cos(Math.PI * (i + 0.75) / (NODES + 0.5));
            double slope = 1;
            for (int newton = 0; newton < 8; ++newton) {
                double previous = 1;
                double value = x;
                for (int k = 2; k <= NODES; ++k) {
                    double next = ((2 * k - 1) * x * value - (k - 1) * previous) / k;
                    previous = value;
                    value = next;
                }
                slope = NODES * (x * value - previous) / (x * x - 1);
                x -= value / slope;
            }
            NODE[i] = x;
            WEIGHT[i] = 2 / ((1 - x * x) * slope * slope);
        }
    }

    private GaussLegendre() {}

    /** The integral of f from one end to the other. */
    public static double integral(DoubleUnaryOperator f, double from, double to) {
        double half = 0.5 * (to - from);
        double sum = 0;
        for (int i = 0; i < NODES; ++i) {
            sum += WEIGHT[i] * f.applyAsDouble(from + half * (1 + NODE[i]));
        }
        return half * sum;
    }
}
