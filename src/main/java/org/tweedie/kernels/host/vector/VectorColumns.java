package org.tweedie.kernels.host.vector;

import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;
import org.tweedie.kernels.host.ColumnPanels;

/**
 * Blocks of eight sums by two vectors, or by one where there are sixteen registers and for the last columns: {@link AlongBlock}
 * and {@link AcrossBlock}.
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
                        AlongBlock.of1(a, packed, a0, n0, w0, a1, n1, w1, a2, n2, w2, from, s, step, c, into + r);
                    } else {
                        AlongBlock.of2(a, packed, a0, n0, w0, a1, n1, w1, a2, n2, w2, from, s, step, c, into + r);
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
                AcrossBlock.of1(
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
                AcrossBlock.of2(
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
}
