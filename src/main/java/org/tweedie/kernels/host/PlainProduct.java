package org.tweedie.kernels.host;

/** {@code C += A B} with sixteen sums in registers, products in the order of k by fused multiply-add. */
final class PlainProduct {
    private static final int BLOCK = 4;

    private PlainProduct() {}

    /** Element (r, k) of A is {@code a[aAt + r * row + k * step]}; row k of B starts at {@code bAt + k * pitch}. */
    static void product(
            int rows,
            float[] a,
            int aAt,
            int row,
            int step,
            int depth,
            float[] b,
            int bAt,
            int pitch,
            int width,
            float[] c,
            int cAt,
            int cRow) {
        int wholeRows = rows - rows % BLOCK;
        int wholeColumns = width - width % BLOCK;
        for (int j = 0; j < wholeColumns; j += BLOCK) {
            for (int r = 0; r < wholeRows; r += BLOCK) {
                block4x4(a, aAt + r * row, row, step, depth, b, bAt + j, pitch, c, cAt + r * cRow + j, cRow);
            }
        }
        for (int r = 0; r < rows; r++) {
            for (int j = r < wholeRows ? wholeColumns : 0; j < width; j++) {
                c[cAt + r * cRow + j] = sum(a, aAt + r * row, step, depth, b, bAt + j, pitch, c[cAt + r * cRow + j]);
            }
        }
    }

    private static float sum(float[] a, int aAt, int step, int depth, float[] b, int bAt, int pitch, float start) {
        float sum = start;
        for (int k = 0; k < depth; k++) {
            sum = Math.fma(a[aAt + k * step], b[bAt + k * pitch], sum);
        }
        return sum;
    }

    private static void block4x4(
            float[] a,
            int aAt,
            int row,
            int step,
            int depth,
            float[] b,
            int bAt,
            int pitch,
            float[] c,
            int cAt,
            int cRow) {
        float s00 = c[cAt];
        float s01 = c[cAt + 1];
        float s02 = c[cAt + 2];
        float s03 = c[cAt + 3];
        float s10 = c[cAt + cRow];
        float s11 = c[cAt + cRow + 1];
        float s12 = c[cAt + cRow + 2];
        float s13 = c[cAt + cRow + 3];
        float s20 = c[cAt + 2 * cRow];
        float s21 = c[cAt + 2 * cRow + 1];
        float s22 = c[cAt + 2 * cRow + 2];
        float s23 = c[cAt + 2 * cRow + 3];
        float s30 = c[cAt + 3 * cRow];
        float s31 = c[cAt + 3 * cRow + 1];
        float s32 = c[cAt + 3 * cRow + 2];
        float s33 = c[cAt + 3 * cRow + 3];
        for (int k = 0; k < depth; k++) {
            int bk = bAt + k * pitch;
            int ak = aAt + k * step;
            float b0 = b[bk];
            float b1 = b[bk + 1];
            float b2 = b[bk + 2];
            float b3 = b[bk + 3];
            float x0 = a[ak];
            s00 = Math.fma(x0, b0, s00);
            s01 = Math.fma(x0, b1, s01);
            s02 = Math.fma(x0, b2, s02);
            s03 = Math.fma(x0, b3, s03);
            float x1 = a[ak + row];
            s10 = Math.fma(x1, b0, s10);
            s11 = Math.fma(x1, b1, s11);
            s12 = Math.fma(x1, b2, s12);
            s13 = Math.fma(x1, b3, s13);
            float x2 = a[ak + 2 * row];
            s20 = Math.fma(x2, b0, s20);
            s21 = Math.fma(x2, b1, s21);
            s22 = Math.fma(x2, b2, s22);
            s23 = Math.fma(x2, b3, s23);
            float x3 = a[ak + 3 * row];
            s30 = Math.fma(x3, b0, s30);
            s31 = Math.fma(x3, b1, s31);
            s32 = Math.fma(x3, b2, s32);
            s33 = Math.fma(x3, b3, s33);
        }
        c[cAt] = s00;
        c[cAt + 1] = s01;
        c[cAt + 2] = s02;
        c[cAt + 3] = s03;
        c[cAt + cRow] = s10;
        c[cAt + cRow + 1] = s11;
        c[cAt + cRow + 2] = s12;
        c[cAt + cRow + 3] = s13;
        c[cAt + 2 * cRow] = s20;
        c[cAt + 2 * cRow + 1] = s21;
        c[cAt + 2 * cRow + 2] = s22;
        c[cAt + 2 * cRow + 3] = s23;
        c[cAt + 3 * cRow] = s30;
        c[cAt + 3 * cRow + 1] = s31;
        c[cAt + 3 * cRow + 2] = s32;
        c[cAt + 3 * cRow + 3] = s33;
    }
}
