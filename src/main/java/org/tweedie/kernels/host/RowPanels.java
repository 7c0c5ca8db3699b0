package org.tweedie.kernels.host;

/**
 * Layers over panels of rows: element (k, r) of a panel is {@code [k * rows() + r]}, so that lanes run over rows and what one layer
 * writes is what the next one reads. The bits are those of {@link Simd#linear}. Stateless, shared by threads.
 */
public interface RowPanels {
    /** Rows of a panel. */
    int rows();

    /** Elements that {@link #pack} writes. */
    int packed(int depth, int width);

    /** Weights, {@code w[at + k * width + j]}, in the order in which {@link #layer} reads them. */
    void pack(float[] w, int at, int depth, int width, float[] into, int intoAt);

    /**
     * {@code y[j][r] = start[j] + sum_k x[k][r] w[k][j]}, sums over k in order by fused multiply-add.
     *
     * @param y room for {@code width} rounded up to even
     */
    void layer(float[] packed, int at, int depth, int width, float[] start, int startAt, float[] x, float[] y);
}
