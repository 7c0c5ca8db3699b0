package org.tweedie.kernels.host.vector;

import static org.tweedie.kernels.host.vector.VectorProduct.L;
import static org.tweedie.kernels.host.vector.VectorProduct.S;

import jdk.incubator.vector.FloatVector;

/** A row of a product by four vectors of columns, or two, or one; written out as {@link RowsBlock}. */
final class RowBlock {
    private RowBlock() {}

    static void add(float[] a, int aAt, int step, int depth, float[] b, int bAt, int columns, float[] c, int cAt) {
        if (columns == 4 * L) {
            row4(a, aAt, step, depth, b, bAt, c, cAt);
        } else if (columns == 2 * L) {
            row2(a, aAt, step, depth, b, bAt, c, cAt);
        } else {
            row1(a, aAt, step, depth, b, bAt, c, cAt);
        }
    }

    private static void row4(float[] a, int aAt, int step, int depth, float[] b, int bAt, float[] c, int cAt) {
        FloatVector s00 = FloatVector.fromArray(S, c, cAt);
        FloatVector s01 = FloatVector.fromArray(S, c, cAt + L);
        FloatVector s02 = FloatVector.fromArray(S, c, cAt + 2 * L);
        FloatVector s03 = FloatVector.fromArray(S, c, cAt + 3 * L);
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(S, b, bAt + k * (4 * L));
            FloatVector b1 = FloatVector.fromArray(S, b, bAt + k * (4 * L) + L);
            FloatVector b2 = FloatVector.fromArray(S, b, bAt + k * (4 * L) + 2 * L);
            FloatVector b3 = FloatVector.fromArray(S, b, bAt + k * (4 * L) + 3 * L);
            FloatVector x0 = FloatVector.broadcast(S, a[aAt + k * step]);
            s00 = x0.fma(b0, s00);
            s01 = x0.fma(b1, s01);
            s02 = x0.fma(b2, s02);
            s03 = x0.fma(b3, s03);
        }
        s00.intoArray(c, cAt);
        s01.intoArray(c, cAt + L);
        s02.intoArray(c, cAt + 2 * L);
        s03.intoArray(c, cAt + 3 * L);
    }

    private static void row2(float[] a, int aAt, int step, int depth, float[] b, int bAt, float[] c, int cAt) {
        FloatVector s00 = FloatVector.fromArray(S, c, cAt);
        FloatVector s01 = FloatVector.fromArray(S, c, cAt + L);
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(S, b, bAt + k * (2 * L));
            FloatVector b1 = FloatVector.fromArray(S, b, bAt + k * (2 * L) + L);
            FloatVector x0 = FloatVector.broadcast(S, a[aAt + k * step]);
            s00 = x0.fma(b0, s00);
            s01 = x0.fma(b1, s01);
        }
        s00.intoArray(c, cAt);
        s01.intoArray(c, cAt + L);
    }

    private static void row1(float[] a, int aAt, int step, int depth, float[] b, int bAt, float[] c, int cAt) {
        FloatVector s00 = FloatVector.fromArray(S, c, cAt);
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(S, b, bAt + k * L);
            FloatVector x0 = FloatVector.broadcast(S, a[aAt + k * step]);
            s00 = x0.fma(b0, s00);
        }
        s00.intoArray(c, cAt);
    }
}
