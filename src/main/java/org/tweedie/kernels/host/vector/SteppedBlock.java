package org.tweedie.kernels.host.vector;

import static org.tweedie.kernels.host.vector.VectorProduct.L;
import static org.tweedie.kernels.host.vector.VectorProduct.S;

import jdk.incubator.vector.FloatVector;

/** Six rows of a product whose elements lie {@code step} apart, by four vectors of columns, or two, or one; written out as {@link RowsBlock}. */
final class SteppedBlock {
    private SteppedBlock() {}

    static void add(
            float[] a,
            int aAt,
            int row,
            int step,
            int depth,
            float[] b,
            int bAt,
            int columns,
            float[] c,
            int cAt,
            int cRow) {
        if (columns == 4 * L) {
            stepped6x4(a, aAt, row, step, depth, b, bAt, c, cAt, cRow);
        } else if (columns == 2 * L) {
            stepped6x2(a, aAt, row, step, depth, b, bAt, c, cAt, cRow);
        } else {
            stepped6x1(a, aAt, row, step, depth, b, bAt, c, cAt, cRow);
        }
    }

    private static void stepped6x4(
            float[] a, int aAt, int row, int step, int depth, float[] b, int bAt, float[] c, int cAt, int cRow) {
        FloatVector s00 = FloatVector.fromArray(S, c, cAt);
        FloatVector s01 = FloatVector.fromArray(S, c, cAt + L);
        FloatVector s02 = FloatVector.fromArray(S, c, cAt + 2 * L);
        FloatVector s03 = FloatVector.fromArray(S, c, cAt + 3 * L);
        FloatVector s10 = FloatVector.fromArray(S, c, cAt + cRow);
        FloatVector s11 = FloatVector.fromArray(S, c, cAt + cRow + L);
        FloatVector s12 = FloatVector.fromArray(S, c, cAt + cRow + 2 * L);
        FloatVector s13 = FloatVector.fromArray(S, c, cAt + cRow + 3 * L);
        FloatVector s20 = FloatVector.fromArray(S, c, cAt + 2 * cRow);
        FloatVector s21 = FloatVector.fromArray(S, c, cAt + 2 * cRow + L);
        FloatVector s22 = FloatVector.fromArray(S, c, cAt + 2 * cRow + 2 * L);
        FloatVector s23 = FloatVector.fromArray(S, c, cAt + 2 * cRow + 3 * L);
        FloatVector s30 = FloatVector.fromArray(S, c, cAt + 3 * cRow);
        FloatVector s31 = FloatVector.fromArray(S, c, cAt + 3 * cRow + L);
        FloatVector s32 = FloatVector.fromArray(S, c, cAt + 3 * cRow + 2 * L);
        FloatVector s33 = FloatVector.fromArray(S, c, cAt + 3 * cRow + 3 * L);
        FloatVector s40 = FloatVector.fromArray(S, c, cAt + 4 * cRow);
        FloatVector s41 = FloatVector.fromArray(S, c, cAt + 4 * cRow + L);
        FloatVector s42 = FloatVector.fromArray(S, c, cAt + 4 * cRow + 2 * L);
        FloatVector s43 = FloatVector.fromArray(S, c, cAt + 4 * cRow + 3 * L);
        FloatVector s50 = FloatVector.fromArray(S, c, cAt + 5 * cRow);
        FloatVector s51 = FloatVector.fromArray(S, c, cAt + 5 * cRow + L);
        FloatVector s52 = FloatVector.fromArray(S, c, cAt + 5 * cRow + 2 * L);
        FloatVector s53 = FloatVector.fromArray(S, c, cAt + 5 * cRow + 3 * L);
        int a1 = aAt + row;
        int a2 = aAt + 2 * row;
        int a3 = aAt + 3 * row;
        int a4 = aAt + 4 * row;
        int a5 = aAt + 5 * row;
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
            FloatVector x1 = FloatVector.broadcast(S, a[a1 + k * step]);
            s10 = x1.fma(b0, s10);
            s11 = x1.fma(b1, s11);
            s12 = x1.fma(b2, s12);
            s13 = x1.fma(b3, s13);
            FloatVector x2 = FloatVector.broadcast(S, a[a2 + k * step]);
            s20 = x2.fma(b0, s20);
            s21 = x2.fma(b1, s21);
            s22 = x2.fma(b2, s22);
            s23 = x2.fma(b3, s23);
            FloatVector x3 = FloatVector.broadcast(S, a[a3 + k * step]);
            s30 = x3.fma(b0, s30);
            s31 = x3.fma(b1, s31);
            s32 = x3.fma(b2, s32);
            s33 = x3.fma(b3, s33);
            FloatVector x4 = FloatVector.broadcast(S, a[a4 + k * step]);
            s40 = x4.fma(b0, s40);
            s41 = x4.fma(b1, s41);
            s42 = x4.fma(b2, s42);
            s43 = x4.fma(b3, s43);
            FloatVector x5 = FloatVector.broadcast(S, a[a5 + k * step]);
            s50 = x5.fma(b0, s50);
            s51 = x5.fma(b1, s51);
            s52 = x5.fma(b2, s52);
            s53 = x5.fma(b3, s53);
        }
        s00.intoArray(c, cAt);
        s01.intoArray(c, cAt + L);
        s02.intoArray(c, cAt + 2 * L);
        s03.intoArray(c, cAt + 3 * L);
        s10.intoArray(c, cAt + cRow);
        s11.intoArray(c, cAt + cRow + L);
        s12.intoArray(c, cAt + cRow + 2 * L);
        s13.intoArray(c, cAt + cRow + 3 * L);
        s20.intoArray(c, cAt + 2 * cRow);
        s21.intoArray(c, cAt + 2 * cRow + L);
        s22.intoArray(c, cAt + 2 * cRow + 2 * L);
        s23.intoArray(c, cAt + 2 * cRow + 3 * L);
        s30.intoArray(c, cAt + 3 * cRow);
        s31.intoArray(c, cAt + 3 * cRow + L);
        s32.intoArray(c, cAt + 3 * cRow + 2 * L);
        s33.intoArray(c, cAt + 3 * cRow + 3 * L);
        s40.intoArray(c, cAt + 4 * cRow);
        s41.intoArray(c, cAt + 4 * cRow + L);
        s42.intoArray(c, cAt + 4 * cRow + 2 * L);
        s43.intoArray(c, cAt + 4 * cRow + 3 * L);
        s50.intoArray(c, cAt + 5 * cRow);
        s51.intoArray(c, cAt + 5 * cRow + L);
        s52.intoArray(c, cAt + 5 * cRow + 2 * L);
        s53.intoArray(c, cAt + 5 * cRow + 3 * L);
    }

    private static void stepped6x2(
            float[] a, int aAt, int row, int step, int depth, float[] b, int bAt, float[] c, int cAt, int cRow) {
        FloatVector s00 = FloatVector.fromArray(S, c, cAt);
        FloatVector s01 = FloatVector.fromArray(S, c, cAt + L);
        FloatVector s10 = FloatVector.fromArray(S, c, cAt + cRow);
        FloatVector s11 = FloatVector.fromArray(S, c, cAt + cRow + L);
        FloatVector s20 = FloatVector.fromArray(S, c, cAt + 2 * cRow);
        FloatVector s21 = FloatVector.fromArray(S, c, cAt + 2 * cRow + L);
        FloatVector s30 = FloatVector.fromArray(S, c, cAt + 3 * cRow);
        FloatVector s31 = FloatVector.fromArray(S, c, cAt + 3 * cRow + L);
        FloatVector s40 = FloatVector.fromArray(S, c, cAt + 4 * cRow);
        FloatVector s41 = FloatVector.fromArray(S, c, cAt + 4 * cRow + L);
        FloatVector s50 = FloatVector.fromArray(S, c, cAt + 5 * cRow);
        FloatVector s51 = FloatVector.fromArray(S, c, cAt + 5 * cRow + L);
        int a1 = aAt + row;
        int a2 = aAt + 2 * row;
        int a3 = aAt + 3 * row;
        int a4 = aAt + 4 * row;
        int a5 = aAt + 5 * row;
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(S, b, bAt + k * (2 * L));
            FloatVector b1 = FloatVector.fromArray(S, b, bAt + k * (2 * L) + L);
            FloatVector x0 = FloatVector.broadcast(S, a[aAt + k * step]);
            s00 = x0.fma(b0, s00);
            s01 = x0.fma(b1, s01);
            FloatVector x1 = FloatVector.broadcast(S, a[a1 + k * step]);
            s10 = x1.fma(b0, s10);
            s11 = x1.fma(b1, s11);
            FloatVector x2 = FloatVector.broadcast(S, a[a2 + k * step]);
            s20 = x2.fma(b0, s20);
            s21 = x2.fma(b1, s21);
            FloatVector x3 = FloatVector.broadcast(S, a[a3 + k * step]);
            s30 = x3.fma(b0, s30);
            s31 = x3.fma(b1, s31);
            FloatVector x4 = FloatVector.broadcast(S, a[a4 + k * step]);
            s40 = x4.fma(b0, s40);
            s41 = x4.fma(b1, s41);
            FloatVector x5 = FloatVector.broadcast(S, a[a5 + k * step]);
            s50 = x5.fma(b0, s50);
            s51 = x5.fma(b1, s51);
        }
        s00.intoArray(c, cAt);
        s01.intoArray(c, cAt + L);
        s10.intoArray(c, cAt + cRow);
        s11.intoArray(c, cAt + cRow + L);
        s20.intoArray(c, cAt + 2 * cRow);
        s21.intoArray(c, cAt + 2 * cRow + L);
        s30.intoArray(c, cAt + 3 * cRow);
        s31.intoArray(c, cAt + 3 * cRow + L);
        s40.intoArray(c, cAt + 4 * cRow);
        s41.intoArray(c, cAt + 4 * cRow + L);
        s50.intoArray(c, cAt + 5 * cRow);
        s51.intoArray(c, cAt + 5 * cRow + L);
    }

    private static void stepped6x1(
            float[] a, int aAt, int row, int step, int depth, float[] b, int bAt, float[] c, int cAt, int cRow) {
        FloatVector s00 = FloatVector.fromArray(S, c, cAt);
        FloatVector s10 = FloatVector.fromArray(S, c, cAt + cRow);
        FloatVector s20 = FloatVector.fromArray(S, c, cAt + 2 * cRow);
        FloatVector s30 = FloatVector.fromArray(S, c, cAt + 3 * cRow);
        FloatVector s40 = FloatVector.fromArray(S, c, cAt + 4 * cRow);
        FloatVector s50 = FloatVector.fromArray(S, c, cAt + 5 * cRow);
        int a1 = aAt + row;
        int a2 = aAt + 2 * row;
        int a3 = aAt + 3 * row;
        int a4 = aAt + 4 * row;
        int a5 = aAt + 5 * row;
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(S, b, bAt + k * L);
            FloatVector x0 = FloatVector.broadcast(S, a[aAt + k * step]);
            s00 = x0.fma(b0, s00);
            FloatVector x1 = FloatVector.broadcast(S, a[a1 + k * step]);
            s10 = x1.fma(b0, s10);
            FloatVector x2 = FloatVector.broadcast(S, a[a2 + k * step]);
            s20 = x2.fma(b0, s20);
            FloatVector x3 = FloatVector.broadcast(S, a[a3 + k * step]);
            s30 = x3.fma(b0, s30);
            FloatVector x4 = FloatVector.broadcast(S, a[a4 + k * step]);
            s40 = x4.fma(b0, s40);
            FloatVector x5 = FloatVector.broadcast(S, a[a5 + k * step]);
            s50 = x5.fma(b0, s50);
        }
        s00.intoArray(c, cAt);
        s10.intoArray(c, cAt + cRow);
        s20.intoArray(c, cAt + 2 * cRow);
        s30.intoArray(c, cAt + 3 * cRow);
        s40.intoArray(c, cAt + 4 * cRow);
        s50.intoArray(c, cAt + 5 * cRow);
    }
}
