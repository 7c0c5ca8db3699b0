package org.tweedie.kernels.host.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.tweedie.kernels.host.RowPanels;

/**
 * Layers over panels by blocks of six outputs, and of two for the rest, by all vectors of a panel: four, or two where there are
 * sixteen registers. The blocks are written out because only local variables of small methods become registers.
 */
final class VectorPanels implements RowPanels {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    private static final int VECTORS = L == 8 ? 2 : 4;
    private static final int ROWS = VECTORS * L;

    @Override
    public int rows() {
        return ROWS;
    }

    @Override
    public int packed(int depth, int width) {
        return depth * (width + width % 6 % 2);
    }

    @Override
    public void pack(float[] w, int at, int depth, int width, float[] into, int intoAt) {
        for (int j = 0; j < width; ) {
            int block = width - j >= 6 ? 6 : 2;
            for (int k = 0; k < depth; k++) {
                for (int i = 0; i < block; i++) {
                    into[intoAt + k * block + i] = j + i < width ? w[at + k * width + j + i] : 0f;
                }
            }
            intoAt += depth * block;
            j += block;
        }
    }

    @Override
    public void layer(float[] w, int wAt, int depth, int width, float[] start, int startAt, float[] x, float[] y) {
        int j = 0;
        for (; j + 6 <= width; j += 6) {
            if (VECTORS == 4) {
                block6x4(w, wAt + j * depth, depth, start, startAt + j, x, y, j * ROWS);
            } else {
                block6x2(w, wAt + j * depth, depth, start, startAt + j, x, y, j * ROWS);
            }
        }
        for (; j < width; j += 2) {
            int second = j + 1 < width ? 1 : 0;
            if (VECTORS == 4) {
                block2x4(w, wAt + j * depth, depth, start, startAt + j, second, x, y, j * ROWS);
            } else {
                block2x2(w, wAt + j * depth, depth, start, startAt + j, second, x, y, j * ROWS);
            }
        }
    }

    private static void block6x4(
            float[] w, int wAt, int depth, float[] start, int startAt, float[] x, float[] y, int yAt) {
        FloatVector s00 = FloatVector.broadcast(S, start[startAt]);
        FloatVector s01 = s00;
        FloatVector s02 = s00;
        FloatVector s03 = s00;
        FloatVector s10 = FloatVector.broadcast(S, start[startAt + 1]);
        FloatVector s11 = s10;
        FloatVector s12 = s10;
        FloatVector s13 = s10;
        FloatVector s20 = FloatVector.broadcast(S, start[startAt + 2]);
        FloatVector s21 = s20;
        FloatVector s22 = s20;
        FloatVector s23 = s20;
        FloatVector s30 = FloatVector.broadcast(S, start[startAt + 3]);
        FloatVector s31 = s30;
        FloatVector s32 = s30;
        FloatVector s33 = s30;
        FloatVector s40 = FloatVector.broadcast(S, start[startAt + 4]);
        FloatVector s41 = s40;
        FloatVector s42 = s40;
        FloatVector s43 = s40;
        FloatVector s50 = FloatVector.broadcast(S, start[startAt + 5]);
        FloatVector s51 = s50;
        FloatVector s52 = s50;
        FloatVector s53 = s50;
        for (int k = 0; k < depth; k++) {
            FloatVector x0 = FloatVector.fromArray(S, x, k * (4 * L));
            FloatVector x1 = FloatVector.fromArray(S, x, k * (4 * L) + L);
            FloatVector x2 = FloatVector.fromArray(S, x, k * (4 * L) + 2 * L);
            FloatVector x3 = FloatVector.fromArray(S, x, k * (4 * L) + 3 * L);
            FloatVector w0 = FloatVector.broadcast(S, w[wAt + k * 6]);
            s00 = w0.fma(x0, s00);
            s01 = w0.fma(x1, s01);
            s02 = w0.fma(x2, s02);
            s03 = w0.fma(x3, s03);
            FloatVector w1 = FloatVector.broadcast(S, w[wAt + k * 6 + 1]);
            s10 = w1.fma(x0, s10);
            s11 = w1.fma(x1, s11);
            s12 = w1.fma(x2, s12);
            s13 = w1.fma(x3, s13);
            FloatVector w2 = FloatVector.broadcast(S, w[wAt + k * 6 + 2]);
            s20 = w2.fma(x0, s20);
            s21 = w2.fma(x1, s21);
            s22 = w2.fma(x2, s22);
            s23 = w2.fma(x3, s23);
            FloatVector w3 = FloatVector.broadcast(S, w[wAt + k * 6 + 3]);
            s30 = w3.fma(x0, s30);
            s31 = w3.fma(x1, s31);
            s32 = w3.fma(x2, s32);
            s33 = w3.fma(x3, s33);
            FloatVector w4 = FloatVector.broadcast(S, w[wAt + k * 6 + 4]);
            s40 = w4.fma(x0, s40);
            s41 = w4.fma(x1, s41);
            s42 = w4.fma(x2, s42);
            s43 = w4.fma(x3, s43);
            FloatVector w5 = FloatVector.broadcast(S, w[wAt + k * 6 + 5]);
            s50 = w5.fma(x0, s50);
            s51 = w5.fma(x1, s51);
            s52 = w5.fma(x2, s52);
            s53 = w5.fma(x3, s53);
        }
        s00.intoArray(y, yAt);
        s01.intoArray(y, yAt + L);
        s02.intoArray(y, yAt + 2 * L);
        s03.intoArray(y, yAt + 3 * L);
        s10.intoArray(y, yAt + 4 * L);
        s11.intoArray(y, yAt + 5 * L);
        s12.intoArray(y, yAt + 6 * L);
        s13.intoArray(y, yAt + 7 * L);
        s20.intoArray(y, yAt + 8 * L);
        s21.intoArray(y, yAt + 9 * L);
        s22.intoArray(y, yAt + 10 * L);
        s23.intoArray(y, yAt + 11 * L);
        s30.intoArray(y, yAt + 12 * L);
        s31.intoArray(y, yAt + 13 * L);
        s32.intoArray(y, yAt + 14 * L);
        s33.intoArray(y, yAt + 15 * L);
        s40.intoArray(y, yAt + 16 * L);
        s41.intoArray(y, yAt + 17 * L);
        s42.intoArray(y, yAt + 18 * L);
        s43.intoArray(y, yAt + 19 * L);
        s50.intoArray(y, yAt + 20 * L);
        s51.intoArray(y, yAt + 21 * L);
        s52.intoArray(y, yAt + 22 * L);
        s53.intoArray(y, yAt + 23 * L);
    }

    private static void block2x4(
            float[] w, int wAt, int depth, float[] start, int startAt, int startStep, float[] x, float[] y, int yAt) {
        FloatVector s00 = FloatVector.broadcast(S, start[startAt]);
        FloatVector s01 = s00;
        FloatVector s02 = s00;
        FloatVector s03 = s00;
        FloatVector s10 = FloatVector.broadcast(S, start[startAt + startStep]);
        FloatVector s11 = s10;
        FloatVector s12 = s10;
        FloatVector s13 = s10;
        for (int k = 0; k < depth; k++) {
            FloatVector x0 = FloatVector.fromArray(S, x, k * (4 * L));
            FloatVector x1 = FloatVector.fromArray(S, x, k * (4 * L) + L);
            FloatVector x2 = FloatVector.fromArray(S, x, k * (4 * L) + 2 * L);
            FloatVector x3 = FloatVector.fromArray(S, x, k * (4 * L) + 3 * L);
            FloatVector w0 = FloatVector.broadcast(S, w[wAt + k * 2]);
            s00 = w0.fma(x0, s00);
            s01 = w0.fma(x1, s01);
            s02 = w0.fma(x2, s02);
            s03 = w0.fma(x3, s03);
            FloatVector w1 = FloatVector.broadcast(S, w[wAt + k * 2 + 1]);
            s10 = w1.fma(x0, s10);
            s11 = w1.fma(x1, s11);
            s12 = w1.fma(x2, s12);
            s13 = w1.fma(x3, s13);
        }
        s00.intoArray(y, yAt);
        s01.intoArray(y, yAt + L);
        s02.intoArray(y, yAt + 2 * L);
        s03.intoArray(y, yAt + 3 * L);
        s10.intoArray(y, yAt + 4 * L);
        s11.intoArray(y, yAt + 5 * L);
        s12.intoArray(y, yAt + 6 * L);
        s13.intoArray(y, yAt + 7 * L);
    }

    private static void block6x2(
            float[] w, int wAt, int depth, float[] start, int startAt, float[] x, float[] y, int yAt) {
        FloatVector s00 = FloatVector.broadcast(S, start[startAt]);
        FloatVector s01 = s00;
        FloatVector s10 = FloatVector.broadcast(S, start[startAt + 1]);
        FloatVector s11 = s10;
        FloatVector s20 = FloatVector.broadcast(S, start[startAt + 2]);
        FloatVector s21 = s20;
        FloatVector s30 = FloatVector.broadcast(S, start[startAt + 3]);
        FloatVector s31 = s30;
        FloatVector s40 = FloatVector.broadcast(S, start[startAt + 4]);
        FloatVector s41 = s40;
        FloatVector s50 = FloatVector.broadcast(S, start[startAt + 5]);
        FloatVector s51 = s50;
        for (int k = 0; k < depth; k++) {
            FloatVector x0 = FloatVector.fromArray(S, x, k * (2 * L));
            FloatVector x1 = FloatVector.fromArray(S, x, k * (2 * L) + L);
            FloatVector w0 = FloatVector.broadcast(S, w[wAt + k * 6]);
            s00 = w0.fma(x0, s00);
            s01 = w0.fma(x1, s01);
            FloatVector w1 = FloatVector.broadcast(S, w[wAt + k * 6 + 1]);
            s10 = w1.fma(x0, s10);
            s11 = w1.fma(x1, s11);
            FloatVector w2 = FloatVector.broadcast(S, w[wAt + k * 6 + 2]);
            s20 = w2.fma(x0, s20);
            s21 = w2.fma(x1, s21);
            FloatVector w3 = FloatVector.broadcast(S, w[wAt + k * 6 + 3]);
            s30 = w3.fma(x0, s30);
            s31 = w3.fma(x1, s31);
            FloatVector w4 = FloatVector.broadcast(S, w[wAt + k * 6 + 4]);
            s40 = w4.fma(x0, s40);
            s41 = w4.fma(x1, s41);
            FloatVector w5 = FloatVector.broadcast(S, w[wAt + k * 6 + 5]);
            s50 = w5.fma(x0, s50);
            s51 = w5.fma(x1, s51);
        }
        s00.intoArray(y, yAt);
        s01.intoArray(y, yAt + L);
        s10.intoArray(y, yAt + 2 * L);
        s11.intoArray(y, yAt + 3 * L);
        s20.intoArray(y, yAt + 4 * L);
        s21.intoArray(y, yAt + 5 * L);
        s30.intoArray(y, yAt + 6 * L);
        s31.intoArray(y, yAt + 7 * L);
        s40.intoArray(y, yAt + 8 * L);
        s41.intoArray(y, yAt + 9 * L);
        s50.intoArray(y, yAt + 10 * L);
        s51.intoArray(y, yAt + 11 * L);
    }

    private static void block2x2(
            float[] w, int wAt, int depth, float[] start, int startAt, int startStep, float[] x, float[] y, int yAt) {
        FloatVector s00 = FloatVector.broadcast(S, start[startAt]);
        FloatVector s01 = s00;
        FloatVector s10 = FloatVector.broadcast(S, start[startAt + startStep]);
        FloatVector s11 = s10;
        for (int k = 0; k < depth; k++) {
            FloatVector x0 = FloatVector.fromArray(S, x, k * (2 * L));
            FloatVector x1 = FloatVector.fromArray(S, x, k * (2 * L) + L);
            FloatVector w0 = FloatVector.broadcast(S, w[wAt + k * 2]);
            s00 = w0.fma(x0, s00);
            s01 = w0.fma(x1, s01);
            FloatVector w1 = FloatVector.broadcast(S, w[wAt + k * 2 + 1]);
            s10 = w1.fma(x0, s10);
            s11 = w1.fma(x1, s11);
        }
        s00.intoArray(y, yAt);
        s01.intoArray(y, yAt + L);
        s10.intoArray(y, yAt + 2 * L);
        s11.intoArray(y, yAt + 3 * L);
    }
}
