package org.tweedie.kernels.host;

/** A place between two nodes of a cubic table (kernels/sde/coefficients.cuh): set once, read for each column. */
final class Hermite {
    private int node;
    private float p0;
    private float m0;
    private float p1;
    private float m1;

    void at(float u, int nodes) {
        float last = nodes - 1;
        u = u > 0.0f ? u : 0.0f;
        u = u < last ? u : last;
        node = Math.min((int) u, nodes - 2);
        float f = u - node;
        float g = 1.0f - f;
        p1 = f * f * Math.fma(-2.0f, f, 3.0f);
        p0 = 1.0f - p1;
        m0 = f * (g * g);
        m1 = -(f * f) * g;
    }

    void atLog(float t, float logFirst, float inverseSpacing, int nodes) {
        float positive = t > 1.17549435e-38f ? t : 1.17549435e-38f;
        at((Approx.log(positive) - logFirst) * inverseSpacing, nodes);
    }

    float value(float[] table, int offset, int columns, int column) {
        int left = offset + node * 2 * columns + column;
        int right = left + 2 * columns;
        return Math.fma(
                m1,
                table[right + columns],
                Math.fma(m0, table[left + columns], Math.fma(p1, table[right], p0 * table[left])));
    }
}
