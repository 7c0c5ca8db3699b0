package org.tweedie.kernels.host.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.tweedie.kernels.host.ColumnPanels;

/**
 * Sums over rows of eight columns by two vectors of columns, or by one: {@code out = base + (from + sum)}. Written out because only local variables of small methods become registers; all strides
 * inside the loops are constants, so that the ranges of their indices are checked before.
 */
final class AcrossBlock {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    private static final int WIDTH = ColumnPanels.WIDTH;
    private static final int SLICE = L == 8 ? L : 2 * L;

    private AcrossBlock() {}

    static void of2(
            int rows,
            float[] a,
            int aAt,
            float[] d,
            int dAt,
            float[] from,
            int fromAt,
            float[] base,
            int baseAt,
            float[] out,
            int outAt) {
        FloatVector s00 = FloatVector.fromArray(S, from, fromAt);
        FloatVector s01 = FloatVector.fromArray(S, from, fromAt + L);
        FloatVector s10 = FloatVector.fromArray(S, from, fromAt + SLICE);
        FloatVector s11 = FloatVector.fromArray(S, from, fromAt + SLICE + L);
        FloatVector s20 = FloatVector.fromArray(S, from, fromAt + 2 * SLICE);
        FloatVector s21 = FloatVector.fromArray(S, from, fromAt + 2 * SLICE + L);
        FloatVector s30 = FloatVector.fromArray(S, from, fromAt + 3 * SLICE);
        FloatVector s31 = FloatVector.fromArray(S, from, fromAt + 3 * SLICE + L);
        FloatVector s40 = FloatVector.fromArray(S, from, fromAt + 4 * SLICE);
        FloatVector s41 = FloatVector.fromArray(S, from, fromAt + 4 * SLICE + L);
        FloatVector s50 = FloatVector.fromArray(S, from, fromAt + 5 * SLICE);
        FloatVector s51 = FloatVector.fromArray(S, from, fromAt + 5 * SLICE + L);
        FloatVector s60 = FloatVector.fromArray(S, from, fromAt + 6 * SLICE);
        FloatVector s61 = FloatVector.fromArray(S, from, fromAt + 6 * SLICE + L);
        FloatVector s70 = FloatVector.fromArray(S, from, fromAt + 7 * SLICE);
        FloatVector s71 = FloatVector.fromArray(S, from, fromAt + 7 * SLICE + L);
        for (int r = 0; r < rows; r++) {
            FloatVector d0 = FloatVector.fromArray(S, d, dAt + r * WIDTH);
            FloatVector d1 = FloatVector.fromArray(S, d, dAt + r * WIDTH + L);
            FloatVector x0 = FloatVector.broadcast(S, a[aAt + r * WIDTH]);
            s00 = x0.fma(d0, s00);
            s01 = x0.fma(d1, s01);
            FloatVector x1 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 1]);
            s10 = x1.fma(d0, s10);
            s11 = x1.fma(d1, s11);
            FloatVector x2 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 2]);
            s20 = x2.fma(d0, s20);
            s21 = x2.fma(d1, s21);
            FloatVector x3 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 3]);
            s30 = x3.fma(d0, s30);
            s31 = x3.fma(d1, s31);
            FloatVector x4 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 4]);
            s40 = x4.fma(d0, s40);
            s41 = x4.fma(d1, s41);
            FloatVector x5 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 5]);
            s50 = x5.fma(d0, s50);
            s51 = x5.fma(d1, s51);
            FloatVector x6 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 6]);
            s60 = x6.fma(d0, s60);
            s61 = x6.fma(d1, s61);
            FloatVector x7 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 7]);
            s70 = x7.fma(d0, s70);
            s71 = x7.fma(d1, s71);
        }
        FloatVector.fromArray(S, base, baseAt).add(s00).intoArray(out, outAt);
        FloatVector.fromArray(S, base, baseAt + L).add(s01).intoArray(out, outAt + L);
        FloatVector.fromArray(S, base, baseAt + SLICE).add(s10).intoArray(out, outAt + SLICE);
        FloatVector.fromArray(S, base, baseAt + SLICE + L).add(s11).intoArray(out, outAt + SLICE + L);
        FloatVector.fromArray(S, base, baseAt + 2 * SLICE).add(s20).intoArray(out, outAt + 2 * SLICE);
        FloatVector.fromArray(S, base, baseAt + 2 * SLICE + L).add(s21).intoArray(out, outAt + 2 * SLICE + L);
        FloatVector.fromArray(S, base, baseAt + 3 * SLICE).add(s30).intoArray(out, outAt + 3 * SLICE);
        FloatVector.fromArray(S, base, baseAt + 3 * SLICE + L).add(s31).intoArray(out, outAt + 3 * SLICE + L);
        FloatVector.fromArray(S, base, baseAt + 4 * SLICE).add(s40).intoArray(out, outAt + 4 * SLICE);
        FloatVector.fromArray(S, base, baseAt + 4 * SLICE + L).add(s41).intoArray(out, outAt + 4 * SLICE + L);
        FloatVector.fromArray(S, base, baseAt + 5 * SLICE).add(s50).intoArray(out, outAt + 5 * SLICE);
        FloatVector.fromArray(S, base, baseAt + 5 * SLICE + L).add(s51).intoArray(out, outAt + 5 * SLICE + L);
        FloatVector.fromArray(S, base, baseAt + 6 * SLICE).add(s60).intoArray(out, outAt + 6 * SLICE);
        FloatVector.fromArray(S, base, baseAt + 6 * SLICE + L).add(s61).intoArray(out, outAt + 6 * SLICE + L);
        FloatVector.fromArray(S, base, baseAt + 7 * SLICE).add(s70).intoArray(out, outAt + 7 * SLICE);
        FloatVector.fromArray(S, base, baseAt + 7 * SLICE + L).add(s71).intoArray(out, outAt + 7 * SLICE + L);
    }

    static void of1(
            int rows,
            float[] a,
            int aAt,
            float[] d,
            int dAt,
            float[] from,
            int fromAt,
            float[] base,
            int baseAt,
            float[] out,
            int outAt) {
        FloatVector s00 = FloatVector.fromArray(S, from, fromAt);
        FloatVector s10 = FloatVector.fromArray(S, from, fromAt + SLICE);
        FloatVector s20 = FloatVector.fromArray(S, from, fromAt + 2 * SLICE);
        FloatVector s30 = FloatVector.fromArray(S, from, fromAt + 3 * SLICE);
        FloatVector s40 = FloatVector.fromArray(S, from, fromAt + 4 * SLICE);
        FloatVector s50 = FloatVector.fromArray(S, from, fromAt + 5 * SLICE);
        FloatVector s60 = FloatVector.fromArray(S, from, fromAt + 6 * SLICE);
        FloatVector s70 = FloatVector.fromArray(S, from, fromAt + 7 * SLICE);
        for (int r = 0; r < rows; r++) {
            FloatVector d0 = FloatVector.fromArray(S, d, dAt + r * WIDTH);
            FloatVector x0 = FloatVector.broadcast(S, a[aAt + r * WIDTH]);
            s00 = x0.fma(d0, s00);
            FloatVector x1 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 1]);
            s10 = x1.fma(d0, s10);
            FloatVector x2 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 2]);
            s20 = x2.fma(d0, s20);
            FloatVector x3 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 3]);
            s30 = x3.fma(d0, s30);
            FloatVector x4 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 4]);
            s40 = x4.fma(d0, s40);
            FloatVector x5 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 5]);
            s50 = x5.fma(d0, s50);
            FloatVector x6 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 6]);
            s60 = x6.fma(d0, s60);
            FloatVector x7 = FloatVector.broadcast(S, a[aAt + r * WIDTH + 7]);
            s70 = x7.fma(d0, s70);
        }
        FloatVector.fromArray(S, base, baseAt).add(s00).intoArray(out, outAt);
        FloatVector.fromArray(S, base, baseAt + SLICE).add(s10).intoArray(out, outAt + SLICE);
        FloatVector.fromArray(S, base, baseAt + 2 * SLICE).add(s20).intoArray(out, outAt + 2 * SLICE);
        FloatVector.fromArray(S, base, baseAt + 3 * SLICE).add(s30).intoArray(out, outAt + 3 * SLICE);
        FloatVector.fromArray(S, base, baseAt + 4 * SLICE).add(s40).intoArray(out, outAt + 4 * SLICE);
        FloatVector.fromArray(S, base, baseAt + 5 * SLICE).add(s50).intoArray(out, outAt + 5 * SLICE);
        FloatVector.fromArray(S, base, baseAt + 6 * SLICE).add(s60).intoArray(out, outAt + 6 * SLICE);
        FloatVector.fromArray(S, base, baseAt + 7 * SLICE).add(s70).intoArray(out, outAt + 7 * SLICE);
    }
}
