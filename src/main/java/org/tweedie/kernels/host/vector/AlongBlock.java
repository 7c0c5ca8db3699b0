package org.tweedie.kernels.host.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Eight rows of a product by two vectors of columns, or by one, through three panels of 64 columns ({@code n0}, {@code n1} and {@code n2} of them), from
 * {@code from}, whose rows lie {@code step} apart. Written out because only local variables of small methods become registers; all strides
 * inside the loops are constants, so that the ranges of their indices are checked before.
 */
final class AlongBlock {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int L = S.length();

    private AlongBlock() {}

    static void of2(
            float[] a,
            float[] w,
            int a0,
            int n0,
            int w0,
            int a1,
            int n1,
            int w1,
            int a2,
            int n2,
            int w2,
            float[] from,
            int fromAt,
            int step,
            float[] c,
            int cAt) {
        FloatVector s00 = FloatVector.fromArray(S, from, fromAt);
        FloatVector s01 = FloatVector.fromArray(S, from, fromAt + L);
        FloatVector s10 = FloatVector.fromArray(S, from, fromAt + step);
        FloatVector s11 = FloatVector.fromArray(S, from, fromAt + step + L);
        FloatVector s20 = FloatVector.fromArray(S, from, fromAt + 2 * step);
        FloatVector s21 = FloatVector.fromArray(S, from, fromAt + 2 * step + L);
        FloatVector s30 = FloatVector.fromArray(S, from, fromAt + 3 * step);
        FloatVector s31 = FloatVector.fromArray(S, from, fromAt + 3 * step + L);
        FloatVector s40 = FloatVector.fromArray(S, from, fromAt + 4 * step);
        FloatVector s41 = FloatVector.fromArray(S, from, fromAt + 4 * step + L);
        FloatVector s50 = FloatVector.fromArray(S, from, fromAt + 5 * step);
        FloatVector s51 = FloatVector.fromArray(S, from, fromAt + 5 * step + L);
        FloatVector s60 = FloatVector.fromArray(S, from, fromAt + 6 * step);
        FloatVector s61 = FloatVector.fromArray(S, from, fromAt + 6 * step + L);
        FloatVector s70 = FloatVector.fromArray(S, from, fromAt + 7 * step);
        FloatVector s71 = FloatVector.fromArray(S, from, fromAt + 7 * step + L);
        for (int k = 0; k < n0; k++) {
            FloatVector v0 = FloatVector.fromArray(S, w, w0 + k * (2 * L));
            FloatVector v1 = FloatVector.fromArray(S, w, w0 + k * (2 * L) + L);
            FloatVector x0 = FloatVector.broadcast(S, a[a0 + k]);
            s00 = x0.fma(v0, s00);
            s01 = x0.fma(v1, s01);
            FloatVector x1 = FloatVector.broadcast(S, a[a0 + k + 64]);
            s10 = x1.fma(v0, s10);
            s11 = x1.fma(v1, s11);
            FloatVector x2 = FloatVector.broadcast(S, a[a0 + k + 128]);
            s20 = x2.fma(v0, s20);
            s21 = x2.fma(v1, s21);
            FloatVector x3 = FloatVector.broadcast(S, a[a0 + k + 192]);
            s30 = x3.fma(v0, s30);
            s31 = x3.fma(v1, s31);
            FloatVector x4 = FloatVector.broadcast(S, a[a0 + k + 256]);
            s40 = x4.fma(v0, s40);
            s41 = x4.fma(v1, s41);
            FloatVector x5 = FloatVector.broadcast(S, a[a0 + k + 320]);
            s50 = x5.fma(v0, s50);
            s51 = x5.fma(v1, s51);
            FloatVector x6 = FloatVector.broadcast(S, a[a0 + k + 384]);
            s60 = x6.fma(v0, s60);
            s61 = x6.fma(v1, s61);
            FloatVector x7 = FloatVector.broadcast(S, a[a0 + k + 448]);
            s70 = x7.fma(v0, s70);
            s71 = x7.fma(v1, s71);
        }
        for (int k = 0; k < n1; k++) {
            FloatVector v0 = FloatVector.fromArray(S, w, w1 + k * (2 * L));
            FloatVector v1 = FloatVector.fromArray(S, w, w1 + k * (2 * L) + L);
            FloatVector x0 = FloatVector.broadcast(S, a[a1 + k]);
            s00 = x0.fma(v0, s00);
            s01 = x0.fma(v1, s01);
            FloatVector x1 = FloatVector.broadcast(S, a[a1 + k + 64]);
            s10 = x1.fma(v0, s10);
            s11 = x1.fma(v1, s11);
            FloatVector x2 = FloatVector.broadcast(S, a[a1 + k + 128]);
            s20 = x2.fma(v0, s20);
            s21 = x2.fma(v1, s21);
            FloatVector x3 = FloatVector.broadcast(S, a[a1 + k + 192]);
            s30 = x3.fma(v0, s30);
            s31 = x3.fma(v1, s31);
            FloatVector x4 = FloatVector.broadcast(S, a[a1 + k + 256]);
            s40 = x4.fma(v0, s40);
            s41 = x4.fma(v1, s41);
            FloatVector x5 = FloatVector.broadcast(S, a[a1 + k + 320]);
            s50 = x5.fma(v0, s50);
            s51 = x5.fma(v1, s51);
            FloatVector x6 = FloatVector.broadcast(S, a[a1 + k + 384]);
            s60 = x6.fma(v0, s60);
            s61 = x6.fma(v1, s61);
            FloatVector x7 = FloatVector.broadcast(S, a[a1 + k + 448]);
            s70 = x7.fma(v0, s70);
            s71 = x7.fma(v1, s71);
        }
        for (int k = 0; k < n2; k++) {
            FloatVector v0 = FloatVector.fromArray(S, w, w2 + k * (2 * L));
            FloatVector v1 = FloatVector.fromArray(S, w, w2 + k * (2 * L) + L);
            FloatVector x0 = FloatVector.broadcast(S, a[a2 + k]);
            s00 = x0.fma(v0, s00);
            s01 = x0.fma(v1, s01);
            FloatVector x1 = FloatVector.broadcast(S, a[a2 + k + 64]);
            s10 = x1.fma(v0, s10);
            s11 = x1.fma(v1, s11);
            FloatVector x2 = FloatVector.broadcast(S, a[a2 + k + 128]);
            s20 = x2.fma(v0, s20);
            s21 = x2.fma(v1, s21);
            FloatVector x3 = FloatVector.broadcast(S, a[a2 + k + 192]);
            s30 = x3.fma(v0, s30);
            s31 = x3.fma(v1, s31);
            FloatVector x4 = FloatVector.broadcast(S, a[a2 + k + 256]);
            s40 = x4.fma(v0, s40);
            s41 = x4.fma(v1, s41);
            FloatVector x5 = FloatVector.broadcast(S, a[a2 + k + 320]);
            s50 = x5.fma(v0, s50);
            s51 = x5.fma(v1, s51);
            FloatVector x6 = FloatVector.broadcast(S, a[a2 + k + 384]);
            s60 = x6.fma(v0, s60);
            s61 = x6.fma(v1, s61);
            FloatVector x7 = FloatVector.broadcast(S, a[a2 + k + 448]);
            s70 = x7.fma(v0, s70);
            s71 = x7.fma(v1, s71);
        }
        s00.intoArray(c, cAt);
        s01.intoArray(c, cAt + L);
        s10.intoArray(c, cAt + 64);
        s11.intoArray(c, cAt + 64 + L);
        s20.intoArray(c, cAt + 128);
        s21.intoArray(c, cAt + 128 + L);
        s30.intoArray(c, cAt + 192);
        s31.intoArray(c, cAt + 192 + L);
        s40.intoArray(c, cAt + 256);
        s41.intoArray(c, cAt + 256 + L);
        s50.intoArray(c, cAt + 320);
        s51.intoArray(c, cAt + 320 + L);
        s60.intoArray(c, cAt + 384);
        s61.intoArray(c, cAt + 384 + L);
        s70.intoArray(c, cAt + 448);
        s71.intoArray(c, cAt + 448 + L);
    }

    static void of1(
            float[] a,
            float[] w,
            int a0,
            int n0,
            int w0,
            int a1,
            int n1,
            int w1,
            int a2,
            int n2,
            int w2,
            float[] from,
            int fromAt,
            int step,
            float[] c,
            int cAt) {
        FloatVector s00 = FloatVector.fromArray(S, from, fromAt);
        FloatVector s10 = FloatVector.fromArray(S, from, fromAt + step);
        FloatVector s20 = FloatVector.fromArray(S, from, fromAt + 2 * step);
        FloatVector s30 = FloatVector.fromArray(S, from, fromAt + 3 * step);
        FloatVector s40 = FloatVector.fromArray(S, from, fromAt + 4 * step);
        FloatVector s50 = FloatVector.fromArray(S, from, fromAt + 5 * step);
        FloatVector s60 = FloatVector.fromArray(S, from, fromAt + 6 * step);
        FloatVector s70 = FloatVector.fromArray(S, from, fromAt + 7 * step);
        for (int k = 0; k < n0; k++) {
            FloatVector v0 = FloatVector.fromArray(S, w, w0 + k * L);
            FloatVector x0 = FloatVector.broadcast(S, a[a0 + k]);
            s00 = x0.fma(v0, s00);
            FloatVector x1 = FloatVector.broadcast(S, a[a0 + k + 64]);
            s10 = x1.fma(v0, s10);
            FloatVector x2 = FloatVector.broadcast(S, a[a0 + k + 128]);
            s20 = x2.fma(v0, s20);
            FloatVector x3 = FloatVector.broadcast(S, a[a0 + k + 192]);
            s30 = x3.fma(v0, s30);
            FloatVector x4 = FloatVector.broadcast(S, a[a0 + k + 256]);
            s40 = x4.fma(v0, s40);
            FloatVector x5 = FloatVector.broadcast(S, a[a0 + k + 320]);
            s50 = x5.fma(v0, s50);
            FloatVector x6 = FloatVector.broadcast(S, a[a0 + k + 384]);
            s60 = x6.fma(v0, s60);
            FloatVector x7 = FloatVector.broadcast(S, a[a0 + k + 448]);
            s70 = x7.fma(v0, s70);
        }
        for (int k = 0; k < n1; k++) {
            FloatVector v0 = FloatVector.fromArray(S, w, w1 + k * L);
            FloatVector x0 = FloatVector.broadcast(S, a[a1 + k]);
            s00 = x0.fma(v0, s00);
            FloatVector x1 = FloatVector.broadcast(S, a[a1 + k + 64]);
            s10 = x1.fma(v0, s10);
            FloatVector x2 = FloatVector.broadcast(S, a[a1 + k + 128]);
            s20 = x2.fma(v0, s20);
            FloatVector x3 = FloatVector.broadcast(S, a[a1 + k + 192]);
            s30 = x3.fma(v0, s30);
            FloatVector x4 = FloatVector.broadcast(S, a[a1 + k + 256]);
            s40 = x4.fma(v0, s40);
            FloatVector x5 = FloatVector.broadcast(S, a[a1 + k + 320]);
            s50 = x5.fma(v0, s50);
            FloatVector x6 = FloatVector.broadcast(S, a[a1 + k + 384]);
            s60 = x6.fma(v0, s60);
            FloatVector x7 = FloatVector.broadcast(S, a[a1 + k + 448]);
            s70 = x7.fma(v0, s70);
        }
        for (int k = 0; k < n2; k++) {
            FloatVector v0 = FloatVector.fromArray(S, w, w2 + k * L);
            FloatVector x0 = FloatVector.broadcast(S, a[a2 + k]);
            s00 = x0.fma(v0, s00);
            FloatVector x1 = FloatVector.broadcast(S, a[a2 + k + 64]);
            s10 = x1.fma(v0, s10);
            FloatVector x2 = FloatVector.broadcast(S, a[a2 + k + 128]);
            s20 = x2.fma(v0, s20);
            FloatVector x3 = FloatVector.broadcast(S, a[a2 + k + 192]);
            s30 = x3.fma(v0, s30);
            FloatVector x4 = FloatVector.broadcast(S, a[a2 + k + 256]);
            s40 = x4.fma(v0, s40);
            FloatVector x5 = FloatVector.broadcast(S, a[a2 + k + 320]);
            s50 = x5.fma(v0, s50);
            FloatVector x6 = FloatVector.broadcast(S, a[a2 + k + 384]);
            s60 = x6.fma(v0, s60);
            FloatVector x7 = FloatVector.broadcast(S, a[a2 + k + 448]);
            s70 = x7.fma(v0, s70);
        }
        s00.intoArray(c, cAt);
        s10.intoArray(c, cAt + 64);
        s20.intoArray(c, cAt + 128);
        s30.intoArray(c, cAt + 192);
        s40.intoArray(c, cAt + 256);
        s50.intoArray(c, cAt + 320);
        s60.intoArray(c, cAt + 384);
        s70.intoArray(c, cAt + 448);
    }
}
