package org.tweedie.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.tweedie.Sampler;
import org.tweedie.Samples;
import org.tweedie.SchrodingerBridge;
import org.tweedie.bridge.BridgeWalk;
import org.tweedie.bridge.Direction;
import org.tweedie.bridge.HalfBridge;
import org.tweedie.execution.CancelToken;
import org.tweedie.io.AnimatedGif;
import org.tweedie.io.HtmlReport;
import org.tweedie.io.Png;
import org.tweedie.io.Raster;
import org.tweedie.io.ScatterPicture;
import org.tweedie.io.Svg;
import org.tweedie.io.Table;
import org.tweedie.metric.Points;
import org.tweedie.train.Dataset;

/**
 * The page of a bridge: rows in motion there and back, trajectories, where walks of each half bridge end, losses and distances.
 *
 * @param from rows of the first end
 * @param to rows of the second; where it is normal, those that walks back start from
 * @param there rows of the first end walked forward, traced
 * @param back the rows that those came to walked backward, traced; of a normal end, rows of its own
 */
record BridgeReport(SchrodingerBridge bridge, Table from, Table to, Samples there, Samples back) {
    private static final int SHOWN = 2000;
    private static final int TRAJECTORIES = 30;
    private static final int PANEL = 420;
    private static final int SMALL = 260;
    private static final int FRAMES = 40;
    private static final int MILLISECONDS = 80;
    /** An end stays for this many frames. */
    private static final int REST = 12;
    /** Half bridges whose ends are drawn, at most: the first, the last and some between. */
    private static final int DRAWN = 12;
    /** Points of a line that all trajectories share, at most. */
    private static final int POINTS = 2000;

    /** Walks what the page shows. */
    static BridgeReport of(
            SchrodingerBridge bridge, Dataset from, Optional<Dataset> to, long seed, CancelToken cancel) {
        Samples there = bridge.forward().traced().cancel(cancel).sample(SHOWN, seed);
        Sampler backward = bridge.backward().traced().cancel(cancel);
        Samples back = (to.isEmpty() ? backward : backward.given(BridgeWalk.START, there.rows(), from.width()))
                .sample(SHOWN, seed + 1);
        return new BridgeReport(
                bridge,
                table(from.values(), from.columns()),
                to.map(rows -> table(rows.values(), rows.columns()))
                        .orElseGet(() -> table(states(back).get(0), from.columns())),
                there,
                back);
    }

    private static Table table(float[] rows, List<String> columns) {
        return Table.of(rows, columns.size()).named(columns);
    }

    /** The rows before the first step and after each. */
    private static List<float[]> states(Samples walked) {
        return walked.traces().getOrDefault("x", List.of());
    }

    /**
     * The page.
     *
     * @param seen the half bridges of this run
     * @param command that made it
     */
    HtmlReport page(List<BridgeWatch.Seen> seen, String command) {
        HtmlReport page = new HtmlReport("Tweedie: a Schrödinger bridge");
        page.paragraph(bridge.process().spec() + ", between " + from.rows() + " rows of "
                + String.join(", ", from.names()) + " and "
                + (bridge.process().normal() ? "the normal law" : to.rows() + " of " + String.join(", ", to.names()))
                + ".");
        if (from.columns() > 1) {
            page.section("Rows in motion")
                    .gif(
                            AnimatedGif.encode(frames(), MILLISECONDS),
                            SHOWN + " rows of the first end, drawn at random, walk forward; then "
                                    + (bridge.process().normal() ? "normal rows walk backward." : "they walk back."));
        }
        page.section("Trajectories").chart(trajectories(), "Some of these rows, and the ways they take.");
        HalfBridgeCharts.open(page, bridge.halves());
        page.table(header(), rows(seen));
        if (seen.size() < bridge.halves().size()) {
            page.paragraph("Half bridges without means and deviations were fitted before this run went on from its"
                    + " checkpoint.");
        }
        for (BridgeWatch.Seen half : drawn(seen)) {
            ends(page, half);
        }
        return HalfBridgeCharts.close(page, seen, bridge.provenance(), command);
    }

    private List<Raster> frames() {
        Table all = table(joined(from.data(), to.data()), from.names());
        ScatterPicture window = ScatterPicture.around(all, 0, 1, PANEL);
        List<Raster> frames = new ArrayList<>();
        film(states(there), window, frames);
        film(states(back), window, frames);
        return frames;
    }

    private void film(List<float[]> states, ScatterPicture window, List<Raster> frames) {
        int count = Math.min(FRAMES, states.size());
        for (int f = 0; f < count; f++) {
            int step = (int) Math.round(f * (states.size() - 1.0) / Math.max(1, count - 1));
            Raster frame = window.draw(Table.of(states.get(step), from.columns()), ScatterPicture.Ink.RED);
            for (int rest = 0; rest < (f == 0 || f == count - 1 ? REST : 1); rest++) {
                frames.add(frame);
            }
        }
    }

    private static float[] joined(float[] one, float[] other) {
        float[] both = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, both, one.length, other.length);
        return both;
    }

    /** In the plane of the first two columns; of one column, over the steps. */
    private Svg trajectories() {
        boolean plane = from.columns() > 1;
        return Svg.line(
                "Trajectories",
                plane ? from.name(0) : "step",
                plane ? from.name(1) : from.name(0),
                List.of(lines("forward", states(there), false), lines("backward", states(back), true)),
                false);
    }

    /** All trajectories of a way as one line, with gaps between them. */
    private Svg.Series lines(String name, List<float[]> states, boolean falling) {
        int width = from.columns();
        int every = Math.max(1, TRAJECTORIES * (states.size() + 1) / POINTS);
        int points = (states.size() - 1) / every + 2; // and a gap
        double[] x = new double[TRAJECTORIES * points];
        double[] y = new double[x.length];
        Arrays.fill(x, Double.NaN);
        Arrays.fill(y, Double.NaN);
        for (int i = 0; i < TRAJECTORIES; i++) {
            for (int p = 0; p < points - 1; p++) {
                int step = p * every;
                float[] rows = states.get(step);
                x[i * points + p] = width > 1 ? rows[i * width] : falling ? states.size() - 1 - step : step;
                y[i * points + p] = rows[i * width + (width > 1 ? 1 : 0)];
            }
        }
        return new Svg.Series(name, x, y);
    }

    private List<String> header() {
        List<String> header = new ArrayList<>(List.of("half bridge", "learns", "loss", "squared energy distance"));
        for (int c = 0; c < from.columns(); c++) {
            header.add("column " + (c + 1) + ": mean ± deviation where walks end (of the rows)");
        }
        return header;
    }

    private List<List<String>> rows(List<BridgeWatch.Seen> seen) {
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < bridge.halves().size(); i++) {
            HalfBridge half = bridge.halves().get(i);
            List<String> row = new ArrayList<>(List.of(
                    Integer.toString(i + 1),
                    half.learned().spec(),
                    String.format(Locale.ROOT, "%.4f", half.loss()),
                    String.format(Locale.ROOT, "%.5f", half.distance())));
            int number = i;
            Optional<Table> ends = seen.stream()
                    .filter(one -> one.half() == number)
                    .findFirst()
                    .map(this::decoded);
            for (int c = 0; c < from.columns(); c++) {
                int column = c;
                row.add(ends.map(made -> moments(made, column) + " (" + moments(wanted(half), column) + ")")
                        .orElse(""));
            }
            rows.add(row);
        }
        return rows;
    }

    /** Mean and deviation of a column. */
    static String moments(Table table, int column) {
        double mean = 0;
        double square = 0;
        float[] values = table.column(column);
        for (float value : values) {
            mean += value / values.length;
        }
        for (float value : values) {
            square += (value - mean) * (value - mean) / values.length;
        }
        return String.format(Locale.ROOT, "%.4g ± %.4g", mean, Math.sqrt(square));
    }

    /** The rows that the walks of a half bridge are to end in. */
    private Table wanted(HalfBridge half) {
        return half.learned() == Direction.FORWARD ? to : from;
    }

    /** Where the walks of a half bridge end, in the units of the data. */
    private Table decoded(BridgeWatch.Seen half) {
        float[] rows = half.ends().clone();
        bridge.encoding().decode(rows, rows, rows.length / from.columns());
        return table(rows, wanted(half.done()).names());
    }

    private static List<BridgeWatch.Seen> drawn(List<BridgeWatch.Seen> seen) {
        int count = Math.min(DRAWN, seen.size());
        List<BridgeWatch.Seen> drawn = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            drawn.add(seen.get((int) Math.round(i * (seen.size() - 1.0) / Math.max(1, count - 1))));
        }
        return drawn;
    }

    /** The ends of a half bridge beside the rows that they are to be like. */
    private void ends(HtmlReport page, BridgeWatch.Seen half) {
        Table made = decoded(half);
        Table all = wanted(half.done());
        Table rows =
                table(new Points(all.data(), all.columns()).spread(made.rows()).values(), all.names());
        String caption = "Half bridge " + (half.half() + 1) + ", "
                + half.done().learned().spec();
        if (from.columns() > 1) {
            page.png(
                    Png.encode(ScatterPicture.around(rows, 0, 1, SMALL).beside(rows, made)),
                    caption + ". Left: rows of the end. Right: where walks end.");
        } else {
            page.chart(
                    Svg.histogram(
                            caption,
                            made.name(0),
                            List.of("rows of the end", "where walks end"),
                            List.of(doubles(rows), doubles(made)),
                            40),
                    caption);
        }
    }

    private static double[] doubles(Table one) {
        double[] values = new double[one.rows()];
        Arrays.setAll(values, row -> one.at(row, 0));
        return values;
    }
}
