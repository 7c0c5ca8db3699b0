package org.tweedie.kernels.host;

import java.util.List;
import org.tweedie.kernels.host.GradientLayout.Matrix;
import org.tweedie.kernels.host.Simd.Block;

/** A tile of rows on its way forward and back; scratch of one thread. */
final class GradientTile {
    /** What the rows of a launch are read from and written to. */
    record Rows(
            Block from,
            Block time,
            Block target,
            Block weight,
            float[] frequencies,
            int frequenciesAt,
            float scale,
            float[] losses,
            int lossesAt) {}

    private static final ThreadLocal<GradientTile> MINE = ThreadLocal.withInitial(GradientTile::new);

    private float[] sums = new float[0];
    private float[] row = new float[0];

    /** The calling thread's. */
    static GradientTile mine() {
        return MINE.get();
    }

    /** Elements of a layer's sums. */
    private static int layer(GradientLayout layout, int width) {
        return ColumnPanels.elements(layout.tile, width);
    }

    /**
     * Rows {@code first} to {@code first + some} of the wave.
     */
    void run(PanelGradient of, Rows rows, Chunks chunks, int first, int some, float[] kept, float[] packed) {
        GradientLayout layout = of.layout();
        PanelGradient.Shape shape = of.shape();
        int width = shape.layers().width();
        int each = layer(layout, width);
        if (sums.length < (shape.depth() + 1) * each) {
            sums = new float[(shape.depth() + 1) * each];
        }
        if (row.length < shape.features()) {
            row = new float[shape.features()];
        }
        TimeRun times = TimeRun.start(some, rows.frequencies(), rows.frequenciesAt(), shape.features() / 2);
        for (int r = 0; r < some; r++) {
            times.add(rows.time().data()[rows.time().row(chunks.living()[first + r])]);
        }
        times.finish();
        for (int r = 0; r < some; r++) {
            times.copy(r, row, 0);
            scatter(row, 0, shape.features(), layout, layout.features, first + r, 0, kept);
            gather(shape, layout, rows, chunks.living()[first + r], first + r, kept);
        }
        int whole = (some + ColumnPanels.ROWS - 1) / ColumnPanels.ROWS * ColumnPanels.ROWS;
        forward(of, first, whole, kept, packed);
        for (int r = 0; r < some; r++) {
            loss(layout, rows, chunks.living()[first + r], first + r, kept);
        }
        backward(of, first, whole, kept, packed);
    }

    private void gather(PanelGradient.Shape shape, GradientLayout layout, Rows rows, int r, int place, float[] kept) {
        int from = rows.from().row(r);
        int column = 0;
        for (int port : shape.layers().ports()) {
            scatter(rows.from().data(), from, port, layout, layout.inputs, place, column, kept);
            from += port;
            column += port + 1; // what is between stays 0
        }
    }

    private static void scatter(
            float[] from, int at, int count, GradientLayout layout, Matrix into, int place, int first, float[] kept) {
        for (int c = 0; c < count; ) {
            int some = Math.min(count - c, ColumnPanels.WIDTH - (first + c) % ColumnPanels.WIDTH);
            System.arraycopy(from, at + c, kept, layout.at(into, place, first + c), some);
            c += some;
        }
    }

    private void forward(PanelGradient of, int first, int whole, float[] kept, float[] packed) {
        GradientLayout layout = of.layout();
        PanelMlp.Shape layers = of.shape().layers();
        ColumnPanels panels = of.panels();
        int width = layers.width();
        Matrix input = layout.inputs;
        for (int l = 0; l < layers.depth(); l++) {
            int at = l * layer(layout, width);
            panels.along(
                    whole,
                    kept,
                    List.of(
                            part(layout, layout.features, first, layout.ofTime[l]),
                            part(layout, input, first, layout.forth[l])),
                    packed,
                    width,
                    packed,
                    layout.start[l],
                    sums,
                    at,
                    layout.tile);
            for (int j = 0; j < width; j += ColumnPanels.WIDTH) {
                int into = layout.at(layout.hidden[l], first, j);
                panels.activate(
                        layers.activation(), sums, at + j * layout.tile, kept, into, whole * ColumnPanels.WIDTH);
                if (layers.residual() && l > 0) {
                    panels.add(kept, into, kept, layout.at(input, first, j), whole * ColumnPanels.WIDTH);
                }
            }
            input = layout.hidden[l];
        }
        int last = layers.depth();
        panels.along(
                whole,
                kept,
                List.of(part(layout, input, first, layout.forth[last])),
                packed,
                layers.outputs(),
                packed,
                layout.start[last],
                kept,
                layout.at(layout.out, first, 0),
                layout.wave);
    }

    private static ColumnPanels.Part part(GradientLayout layout, Matrix x, int first, int weights) {
        return new ColumnPanels.Part(layout.at(x, first, 0), layout.wave, x.width(), weights);
    }

    private static void loss(GradientLayout layout, Rows rows, int r, int place, float[] kept) {
        float w = rows.weight().data()[rows.weight().row(r)];
        float factor = (rows.scale() + rows.scale()) * w;
        int target = rows.target().row(r);
        float sum = 0f;
        for (int d = 0; d < layout.out.width(); d++) {
            int at = layout.at(layout.out, place, d);
            float error = kept[at] - rows.target().data()[target + d];
            sum = Math.fma(error, error, sum);
            kept[at] = factor * error;
        }
        rows.losses()[rows.lossesAt() + r] = w * sum;
    }

    private void backward(PanelGradient of, int first, int whole, float[] kept, float[] packed) {
        GradientLayout layout = of.layout();
        PanelMlp.Shape layers = of.shape().layers();
        int width = layers.width();
        int each = layer(layout, width);
        int towards = layers.depth() * each;
        back(of, layout.out, first, whole, layout.reverse[layers.depth()], true, kept, packed);
        for (int l = layers.depth() - 1; l >= 0; l--) {
            for (int j = 0; j < width; j += ColumnPanels.WIDTH) {
                int into = layout.at(layout.back[l], first, j);
                int at = j * layout.tile;
                of.panels().times(sums, l * each + at, sums, towards + at, kept, into, whole * ColumnPanels.WIDTH);
            }
            if (l == 0) {
                return;
            }
            if (layers.residual()) {
                plusZero(sums, towards, each);
            }
            back(of, layout.back[l], first, whole, layout.reverse[l], !layers.residual(), kept, packed);
        }
    }

    /** From what goes back into a layer's sums to what goes back to its inputs, which starts at 0 or is added. */
    private void back(
            PanelGradient of,
            Matrix from,
            int first,
            int whole,
            int weights,
            boolean fresh,
            float[] kept,
            float[] packed) {
        GradientLayout layout = of.layout();
        PanelMlp.Shape layers = of.shape().layers();
        of.panels()
                .along(
                        whole,
                        kept,
                        List.of(part(layout, from, first, weights)),
                        packed,
                        layers.width(),
                        fresh ? packed : null,
                        layout.zeros,
                        sums,
                        layers.depth() * layer(layout, layers.width()),
                        layout.tile);
    }

    /** A sum starts at 0, so it is never -0. */
    private static void plusZero(float[] sum, int at, int count) {
        for (int i = at; i < at + count; i++) {
            sum[i] = 0f + sum[i];
        }
    }
}
