package org.tweedie.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tweedie.bridge.Direction;
import org.tweedie.bridge.HalfBridge;
import org.tweedie.io.HtmlReport;
import org.tweedie.io.Svg;
import org.tweedie.train.LossCurve;

/** What pages of bridges show of their half bridges, whatever they join. */
final class HalfBridgeCharts {
    private HalfBridgeCharts() {}

    /** The section of half bridges, up to its table. */
    static void open(HtmlReport page, List<HalfBridge> halves) {
        page.section("Half bridges")
                .paragraph("The squared energy distance is that of where walks end from the rows they are to reach, in"
                        + " units of the chains; the loss is the squared error of a step's mean over its noise.")
                .chart(distances(halves), "Squared energy distance over half bridges.");
    }

    /** The sections that end the page: losses, where the bridge is from, the command. */
    static HtmlReport close(
            HtmlReport page, List<BridgeWatch.Seen> seen, Map<String, String> provenance, String command) {
        page.section("Training").chart(losses(seen), "Mean loss of each stretch of steps.");
        page.section("Provenance")
                .table(
                        List.of("fact", "value"),
                        provenance.entrySet().stream()
                                .map(fact -> List.of(fact.getKey(), fact.getValue()))
                                .toList());
        page.section("Again").paragraph("The same seed gives the same bits, whatever the number of threads.");
        return page.code(command);
    }

    private static Svg distances(List<HalfBridge> halves) {
        List<Svg.Series> series = new ArrayList<>();
        for (Direction direction : List.of(Direction.BACKWARD, Direction.FORWARD)) {
            double[] x = new double[halves.size() / 2];
            double[] y = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                int half = 2 * i + (direction == Direction.BACKWARD ? 0 : 1);
                x[i] = i + 1;
                y[i] = halves.get(half).distance();
            }
            series.add(new Svg.Series(direction.spec(), x, y));
        }
        return Svg.line("Distance from the ends", "iteration", "squared energy distance", series, false);
    }

    private static Svg losses(List<BridgeWatch.Seen> seen) {
        Map<Direction, List<double[]>> points =
                Map.of(Direction.FORWARD, new ArrayList<>(), Direction.BACKWARD, new ArrayList<>());
        for (BridgeWatch.Seen half : seen) {
            LossCurve curve = half.result().curve();
            List<double[]> into = points.getOrDefault(half.done().learned(), List.of());
            for (int i = 0; i < curve.points(); i++) {
                into.add(new double[] {half.half() * (double) curve.steps() + curve.step(i), curve.loss(i)});
            }
            into.add(new double[] {Double.NaN, Double.NaN});
        }
        List<Svg.Series> series = new ArrayList<>();
        for (Direction direction : List.of(Direction.BACKWARD, Direction.FORWARD)) {
            List<double[]> all = points.getOrDefault(direction, List.of());
            series.add(new Svg.Series(
                    direction.spec(),
                    all.stream().mapToDouble(point -> point[0]).toArray(),
                    all.stream().mapToDouble(point -> point[1]).toArray()));
        }
        return Svg.line("Training loss", "step", "loss", series, false);
    }
}
