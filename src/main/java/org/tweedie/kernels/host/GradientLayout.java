package org.tweedie.kernels.host;

import java.util.ArrayList;
import java.util.List;

/** Where a {@link PanelGradient} keeps a wave of rows and its packed weights, and the blocks of the weight gradient. Immutable. */
final class GradientLayout {
    private static final int TILE = 64;
    private static final int LONG_TILE = 256;
    /** Numbers of packed weights that a second cache may hold: 1 MB. */
    private static final int CACHED = 1 << 18;

    /** Panels of a wave's rows. */
    record Matrix(int at, int width) {}

    /**
     * A block of the gradient: {@code in} columns of one panel of {@code left}, from {@code from} on, by {@code width} columns of
     * {@code right} from {@code slice} on; a bias, if there are no columns. Its sums lie at {@code sums}, and go to {@code into} in the end.
     */
    record Block(Matrix left, int from, int in, Matrix right, int slice, int width, int sums, int into) {
        /** Rows of its sums. */
        int height() {
            return Math.max(1, in);
        }
    }

    final int wave;
    /** Rows of a tile. */
    final int tile;

    final Matrix features;
    final Matrix inputs;
    final Matrix[] hidden;
    /** What goes back into the sums of each hidden layer. */
    final Matrix[] back;
    /** The output, then what goes back into it. */
    final Matrix out;
    /** Elements of a wave. */
    final int kept;

    /** Packed weights from features to each hidden layer. */
    final int[] ofTime;
    /** Packed weights of each layer, the output's last. */
    final int[] forth;
    /** The same with outputs first. */
    final int[] reverse;
    /** Biases, filled up to whole panels. */
    final int[] start;
    /** Among the packed weights, as many zeros as the network is wide. */
    final int zeros;
    /** Elements of packed weights. */
    final int packed;

    final Block[] blocks;
    /** Elements of the blocks' sums. */
    final int sums;

    private final ColumnPanels panels;
    private int places;

    GradientLayout(PanelGradient.Shape shape, ColumnPanels panels, int wave, int threads) {
        this.panels = panels;
        this.wave = wave;
        int depth = shape.depth();
        features = matrix(shape.features() + 1);
        inputs = matrix(shape.layers().in(0));
        hidden = new Matrix[depth];
        back = new Matrix[depth];
        for (int l = 0; l < depth; l++) {
            hidden[l] = matrix(shape.layers().width());
            back[l] = matrix(shape.layers().width());
        }
        out = matrix(shape.layers().outputs());
        kept = Math.addExact(places, ColumnPanels.ROWS); // a block of columns may end past the last row

        places = 0;
        ofTime = new int[depth];
        forth = new int[depth + 1];
        reverse = new int[depth + 1];
        start = new int[depth + 1];
        for (int l = 0; l <= depth; l++) {
            int in = shape.layers().in(l);
            int width = shape.layers().out(l);
            forth[l] = place(panels.packed(in, width));
            reverse[l] = l == 0 ? 0 : place(panels.packed(width, in));
            if (l < depth) {
                ofTime[l] = place(panels.packed(shape.features() + 1, width));
            }
            start[l] = place(ColumnPanels.elements(1, width));
        }
        zeros = place(ColumnPanels.elements(1, shape.layers().width()));
        packed = places;
        tile = tile(packed, (wave + threads - 1) / threads);
        places = 0;
        blocks = blocks(shape).toArray(new Block[0]);
        sums = places;
    }

    /**
     * Rows of a tile: few, which stay in cache, unless the weights do not. Those come past once a tile then, which had better be long; but every
     * thread has one.
     */
    private static int tile(int packed, int rowsOfAThread) {
        int most = packed > CACHED ? LONG_TILE : TILE;
        int whole = (rowsOfAThread + ColumnPanels.ROWS - 1) / ColumnPanels.ROWS * ColumnPanels.ROWS;
        return Math.max(TILE, Math.min(most, whole));
    }

    private Matrix matrix(int width) {
        return new Matrix(place(ColumnPanels.elements(wave, width)), width);
    }

    private int place(int count) {
        int at = places;
        places = Math.addExact(places, count);
        return at;
    }

    private List<Block> blocks(PanelGradient.Shape shape) {
        List<Block> all = new ArrayList<>();
        for (int l = 0; l <= shape.depth(); l++) {
            Matrix right = l == shape.depth() ? out : back[l];
            int into = Math.toIntExact(shape.layers().weights().get(l));
            add(all, features, 0, 0, right, Math.toIntExact(shape.biases().get(l)));
            if (l < shape.depth()) {
                add(
                        all,
                        features,
                        0,
                        shape.features(),
                        right,
                        Math.toIntExact(shape.timeWeights().get(l)));
            }
            if (l > 0) {
                add(all, hidden[l - 1], 0, shape.layers().width(), right, into);
                continue;
            }
            int first = 0;
            for (int port : shape.layers().ports()) {
                add(all, inputs, first, port, right, into);
                into += port * right.width();
                first += port + 1;
            }
        }
        return all;
    }

    private void add(List<Block> all, Matrix left, int first, int in, Matrix right, int into) {
        for (int j = 0; j < right.width(); j += panels.slice()) {
            int width = Math.min(panels.slice(), right.width() - j);
            int i = 0;
            do {
                int some = Math.min(in - i, ColumnPanels.WIDTH - (first + i) % ColumnPanels.WIDTH);
                int rows = (some / ColumnPanels.ROWS + 1) * ColumnPanels.ROWS; // those that fill up a block too
                int sum = place(rows * panels.slice());
                all.add(new Block(left, first + i, some, right, j, width, sum, into + i * right.width() + j));
                i += some;
            } while (i < in);
        }
    }

    /** Where column {@code c} of the wave's row {@code r} lies. */
    int at(Matrix matrix, int r, int c) {
        return matrix.at() + (c / ColumnPanels.WIDTH * wave + r) * ColumnPanels.WIDTH + c % ColumnPanels.WIDTH;
    }
}
