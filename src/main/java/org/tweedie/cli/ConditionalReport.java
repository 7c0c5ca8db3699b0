package org.tweedie.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.tweedie.ConditionalBridge;
import org.tweedie.Sampler;
import org.tweedie.bridge.HalfBridge;
import org.tweedie.execution.CancelToken;
import org.tweedie.io.HtmlReport;
import org.tweedie.io.Png;
import org.tweedie.io.ScatterPicture;
import org.tweedie.io.Svg;
import org.tweedie.io.Table;
import org.tweedie.metric.Points;
import org.tweedie.train.Dataset;

/**
 * The page of a conditional bridge: draws beside the pairs, what a few observations lead to, losses and distances.
 *
 * @param pairs some of them, in the units of the data
 * @param drawn x for each of their observations
 * @param observed rows of {@code pairs}, by their first condition
 * @param direct x drawn for each of those
 * @param thereAndBack the same, from pairs
 */
record ConditionalReport(
        ConditionalBridge bridge,
        Table pairs,
        Table drawn,
        int[] observed,
        List<Table> direct,
        List<Table> thereAndBack) {
    private static final int SHOWN = 2000;
    private static final int OBSERVED = 4;
    private static final int DRAWS = 1000;
    private static final int BINS = 40;
    private static final int PANEL = 320;
    /** Columns of rows, and of observations, that tables and charts show at most. */
    private static final int COLUMNS = 6;

    /** Draws what the page shows. */
    static ConditionalReport of(ConditionalBridge bridge, Dataset data, long seed, CancelToken cancel) {
        Points some = new Points(data.values(), data.width()).spread(SHOWN);
        Table pairs = table(some.values(), data.columns());
        int x = bridge.columns().size();
        Sampler each = bridge.posterior().cancel(cancel);
        int column = x;
        for (Dataset.Port port : bridge.conditions()) {
            each = each.given(port.name(), cut(pairs, column, port.width()), port.width());
            column += port.width();
        }
        Table drawn = table(each.sample(pairs.rows(), seed).rows(), bridge.columns());
        int[] ranked = IntStream.range(0, pairs.rows())
                .boxed()
                .sorted(Comparator.comparing(row -> pairs.at(row, x)))
                .mapToInt(Integer::intValue)
                .toArray();
        int[] observed = IntStream.range(0, OBSERVED)
                .map(i -> ranked[(int) ((2L * i + 1) * ranked.length / (2 * OBSERVED))])
                .distinct()
                .toArray();
        List<Table> direct = new ArrayList<>();
        List<Table> thereAndBack = new ArrayList<>();
        for (int row : observed) {
            float[] y = Arrays.copyOfRange(pairs.data(), row * pairs.columns() + x, (row + 1) * pairs.columns());
            direct.add(draws(bridge.posterior(y).cancel(cancel), seed, bridge.columns()));
            thereAndBack.add(draws(bridge.posteriorForwardBackward(y).cancel(cancel), seed, bridge.columns()));
        }
        return new ConditionalReport(bridge, pairs, drawn, observed, direct, thereAndBack);
    }

    private static Table draws(Sampler sampler, long seed, List<String> columns) {
        return table(sampler.sample(DRAWS, seed).rows(), columns);
    }

    private static Table table(float[] rows, List<String> columns) {
        return Table.of(rows, columns.size()).named(columns);
    }

    /** Some columns of all rows. */
    private static float[] cut(Table table, int from, int count) {
        float[] cut = new float[table.rows() * count];
        for (int i = 0; i < cut.length; i++) {
            cut[i] = table.at(i / count, from + i % count);
        }
        return cut;
    }

    /**
     * The page.
     *
     * @param seen the half bridges of this run
     * @param command that made it
     */
    HtmlReport page(List<BridgeWatch.Seen> seen, String command) {
        List<String> given = pairs.names().subList(drawn.columns(), pairs.columns());
        HtmlReport page = new HtmlReport("Tweedie: a conditional bridge");
        page.paragraph(bridge.process().spec() + ", from rows of " + String.join(", ", drawn.names()) + " given "
                + String.join(", ", given) + ".");
        page.section("Pairs and draws")
                .png(
                        Png.encode(ScatterPicture.around(beside(pairs), 0, 1, PANEL)
                                .beside(beside(pairs), beside(drawn))),
                        "Left: " + pairs.rows() + " of the pairs, " + given.get(0) + " and " + drawn.name(0)
                                + ". Right: one draw of " + drawn.name(0) + " for each of their observations.");
        page.section("A few observations");
        page.table(header(given), rows());
        for (int c = 0; c < shown(drawn.columns()); c++) {
            int column = c;
            page.chart(
                    Svg.histogram(
                            "Draws of " + drawn.name(c),
                            drawn.name(c),
                            IntStream.range(0, observed.length)
                                    .mapToObj(i -> "observation " + (i + 1))
                                    .toList(),
                            direct.stream().map(one -> doubles(one, column)).toList(),
                            BINS),
                    DRAWS + " draws for each of these observations.");
        }
        HalfBridgeCharts.open(page, bridge.halves());
        page.table(List.of("half bridge", "learns", "loss", "squared energy distance"), halves());
        return HalfBridgeCharts.close(page, seen, bridge.provenance(), command);
    }

    /** The first condition of the pairs, and the first column of these rows of x. */
    private Table beside(Table rows) {
        float[] both = new float[2 * pairs.rows()];
        for (int i = 0; i < pairs.rows(); i++) {
            both[2 * i] = pairs.at(i, drawn.columns());
            both[2 * i + 1] = rows.at(i, 0);
        }
        return table(both, List.of(pairs.name(drawn.columns()), drawn.name(0)));
    }

    private static int shown(int columns) {
        return Math.min(COLUMNS, columns);
    }

    private List<String> header(List<String> given) {
        List<String> header = new ArrayList<>(List.of("observation"));
        header.addAll(given.subList(0, shown(given.size())));
        for (String name : drawn.names().subList(0, shown(drawn.columns()))) {
            header.addAll(List.of(name + " of the pair", name + ": mean ± deviation of draws", "there and back"));
        }
        return header;
    }

    private List<List<String>> rows() {
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < observed.length; i++) {
            List<String> row = new ArrayList<>(List.of(Integer.toString(i + 1)));
            for (int c = 0; c < shown(pairs.columns() - drawn.columns()); c++) {
                row.add(String.format(Locale.ROOT, "%.4g", pairs.at(observed[i], drawn.columns() + c)));
            }
            for (int c = 0; c < shown(drawn.columns()); c++) {
                row.add(String.format(Locale.ROOT, "%.4g", pairs.at(observed[i], c)));
                row.add(BridgeReport.moments(direct.get(i), c));
                row.add(BridgeReport.moments(thereAndBack.get(i), c));
            }
            rows.add(row);
        }
        return rows;
    }

    private List<List<String>> halves() {
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < bridge.halves().size(); i++) {
            HalfBridge half = bridge.halves().get(i);
            rows.add(List.of(
                    Integer.toString(i + 1),
                    half.learned().spec(),
                    String.format(Locale.ROOT, "%.4f", half.loss()),
                    String.format(Locale.ROOT, "%.5f", half.distance())));
        }
        return rows;
    }

    private static double[] doubles(Table table, int column) {
        double[] values = new double[table.rows()];
        Arrays.setAll(values, row -> table.at(row, column));
        return values;
    }
}
