package org.tweedie.kernels.host.vector;

import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;
import org.tweedie.kernels.host.ColumnPanels;

/**
 * Blocks of eight sums by two vectors, or by one where there are sixteen registers and for the last columns. The blocks are written
 * out because only local variables of small methods become registers; all strides inside them are constants, so that the ranges
 * of their indices are checked before the loop.
 */
final class VectorColumns implements ColumnPanels {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    private static final int SLICE = L == 8 ? L : 2 * L;

    /** Panels that go through one call, and numbers that describe one. */
    private static final int AT_ONCE = 3;

    private static final int PANEL = 5;

    private static final ThreadLocal<VectorCurve> CURVE = ThreadLocal.withInitial(VectorCurve::new);

    @Override
    public int slice() {
        return SLICE;
    }

    @Override
    public int packed(int depth, int width) {
        return Math.multiplyExact(depth, (width + L - 1) / L * L);
    }

    /** Columns of the next slice, padded, where {@code left} are left. */
    private static int columns(int left) {
        return left > L ? SLICE : L;
    }

    @Override
    public void pack(float[] w, int at, int row, int column, int depth, int width, float[] into, int intoAt) {
        for (int j = 0; j < width; j += SLICE) {
            int columns = columns(width - j);
            int some = Math.min(columns, width - j);
            int from = at + j * column;
            if (column == 1) {
                for (int k = 0; k < depth; k++) {
                    System.arraycopy(w, from + k * row, into, intoAt + k * columns, some);
                }
            } else {
                turn(w, from, row, column, depth, some, into, intoAt, columns);
            }
            if (some < columns) {
                for (int k = 0; k < depth; k++) {
                    Arrays.fill(into, intoAt + k * columns + some, intoAt + (k + 1) * columns, 0f);
                }
            }
            intoAt += depth * columns;
        }
    }

    /** Eight columns at a time, each of which lies along memory. */
    private static void turn(
            float[] w, int at, int row, int column, int depth, int width, float[] into, int intoAt, int columns) {
        int j = 0;
        for (; row == 1 && columns == SLICE && j + 8 <= width; j += 8) {
            turn8(w, at + j * column, column, depth, into, intoAt + j);
        }
        for (; j < width; j++) {
            for (int k = 0; k < depth; k++) {
                into[intoAt + k * columns + j] = w[at + k * row + j * column];
            }
        }
    }

    private static void turn8(float[] w, int at, int column, int depth, float[] into, int intoAt) {
        int at1 = at + column;
        int at2 = at + 2 * column;
        int at3 = at + 3 * column;
        int at4 = at + 4 * column;
        int at5 = at + 5 * column;
        int at6 = at + 6 * column;
        int at7 = at + 7 * column;
        for (int k = 0; k < depth; k++) {
            into[intoAt + k * SLICE] = w[at + k];
            into[intoAt + k * SLICE + 1] = w[at1 + k];
            into[intoAt + k * SLICE + 2] = w[at2 + k];
            into[intoAt + k * SLICE + 3] = w[at3 + k];
            into[intoAt + k * SLICE + 4] = w[at4 + k];
            into[intoAt + k * SLICE + 5] = w[at5 + k];
            into[intoAt + k * SLICE + 6] = w[at6 + k];
            into[intoAt + k * SLICE + 7] = w[at7 + k];
        }
    }

    @Override
    public void along(
            int rows,
            float[] a,
            List<Part> parts,
            float[] packed,
            int width,
            float @Nullable [] start,
            int startAt,
            float[] c,
            int cAt,
            int cPitch) {
        int[] panels = panels(parts);
        for (int j = 0; j < width; j += SLICE) {
            int columns = columns(width - j);
            int into = cAt + j / WIDTH * cPitch * WIDTH + j % WIDTH;
            for (int p = 0; p < panels.length; p += AT_ONCE * PANEL) {
                int w0 = panels[p + 2] + panels[p + 3] * j + panels[p + 4] * columns;
                int w1 = panels[p + 7] + panels[p + 8] * j + panels[p + 9] * columns;
                int w2 = panels[p + 12] + panels[p + 13] * j + panels[p + 14] * columns;
                float[] from = c;
                int fromAt = into;
                int step = WIDTH;
                if (p == 0 && start != null) {
                    from = start;
                    fromAt = startAt + j;
                    step = 0;
                }
                for (int r = 0; r < rows * WIDTH; r += ROWS * WIDTH) {
                    int a0 = panels[p] + r;
                    int a1 = panels[p + 5] + r;
                    int a2 = panels[p + 10] + r;
                    int n0 = panels[p + 1];
                    int n1 = panels[p + 6];
                    int n2 = panels[p + 11];
                    int s = fromAt + r / WIDTH * step;
                    if (columns == L) {
                        along1(a, packed, a0, n0, w0, a1, n1, w1, a2, n2, w2, from, s, step, c, into + r);
                    } else {
                        along2(a, packed, a0, n0, w0, a1, n1, w1, a2, n2, w2, from, s, step, c, into + r);
                    }
                }
            }
        }
    }

    /** Of each panel of the parts: where its rows begin, its columns, and of its weights where the part begins, the part's depth and the columns before; whole threes. */
    private static int[] panels(List<Part> parts) {
        int count = 0;
        for (Part part : parts) {
            count += (part.depth() + WIDTH - 1) / WIDTH;
        }
        int[] panels = new int[(count + AT_ONCE - 1) / AT_ONCE * AT_ONCE * PANEL];
        int at = 0;
        for (Part part : parts) {
            for (int k = 0; k < part.depth(); k += WIDTH) {
                panels[at] = part.at() + k * part.pitch();
                panels[at + 1] = Math.min(WIDTH, part.depth() - k);
                panels[at + 2] = part.packedAt();
                panels[at + 3] = part.depth();
                panels[at + 4] = k;
                at += PANEL;
            }
        }
        return panels;
    }

    @Override
    public void activate(int activation, float[] x, int at, float[] out, int outAt, int count) {
        CURVE.get().both(activation, x, at, out, outAt, count);
    }

    @Override
    public void times(float[] a, int at, float[] b, int bAt, float[] out, int outAt, int count) {
        for (int i = 0; i < count; i += L) {
            FloatVector.fromArray(S, a, at + i)
                    .mul(FloatVector.fromArray(S, b, bAt + i))
                    .intoArray(out, outAt + i);
        }
    }

    @Override
    public void add(float[] sum, int at, float[] more, int moreAt, int count) {
        for (int i = 0; i < count; i += L) {
            FloatVector.fromArray(S, sum, at + i)
                    .add(FloatVector.fromArray(S, more, moreAt + i))
                    .intoArray(sum, at + i);
        }
    }

    @Override
    public void across(int rows, float[] a, int aAt, int in, float[] d, int dAt, int width, Sums sums) {
        for (int i = 0; i < in; i += ROWS) {
            int at = i * SLICE;
            if (columns(width) == L) {
                across1(
                        rows,
                        a,
                        aAt + i,
                        d,
                        dAt,
                        sums.from(),
                        sums.fromAt() + at,
                        sums.base(),
                        sums.baseAt() + at,
                        sums.out(),
                        sums.outAt() + at);
            } else {
                across2(
                        rows,
                        a,
                        aAt + i,
                        d,
                        dAt,
                        sums.from(),
                        sums.fromAt() + at,
                        sums.base(),
                        sums.baseAt() + at,
                        sums.out(),
                        sums.outAt() + at);
            }
        }
    }

    @Override
    public void down(int rows, float[] d, int dAt, int width, Sums sums) {
        int second = width > L ? L : 0; // or the first once more
        FloatVector s0 = FloatVector.fromArray(S, sums.from(), sums.fromAt());
        FloatVector s1 = FloatVector.fromArray(S, sums.from(), sums.fromAt() + second);
        for (int r = 0; r < rows; r++) {
            s0 = s0.add(FloatVector.fromArray(S, d, dAt + r * WIDTH));
            s1 = s1.add(FloatVector.fromArray(S, d, dAt + second + r * WIDTH));
        }
        FloatVector b0 = FloatVector.fromArray(S, sums.base(), sums.baseAt());
        FloatVector b1 = FloatVector.fromArray(S, sums.base(), sums.baseAt() + second);
        b0.add(s0).intoArray(sums.out(), sums.outAt());
        b1.add(s1).intoArray(sums.out(), sums.outAt() + second);
    }

    private static void along2(
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

    private static void along1(
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

    private static void across2(
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

    private static void across1(
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
