package org.tweedie.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.Stream;
import org.tweedie.execution.Precision;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;
import org.tweedie.train.Dataset;
import org.tweedie.train.Feed;
import org.tweedie.train.Regression;

/** The cache of walks on every device. */
class WalkSourceTest {
    private static final int WALKS = 33;
    private static final BridgeProcess BRIDGE = new BridgeProcess(
            Reference.ornsteinUhlenbeck(1), StepSizes.symmetric(5, 0.05, 0.2), Space.euclidean(2), false);

    private static WalkSource source(boolean byScore) {
        float[] rows = new float[2 * 7];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = i % 2 + 0.25f * i;
        }
        return new WalkSource(
                BRIDGE,
                BridgePairs.first(Matching.DRIFT, byScore),
                Optional.of(Dataset.of(rows, "a", "b")),
                Optional.empty(),
                WALKS,
                10,
                99,
                Precision.F32);
    }

    private static float[] rows(Stream stream, View view, int count) {
        float[] all = new float[count * view.stride()];
        stream.download(view.data(), 0, all, 0, all.length);
        float[] rows = new float[count * view.width()];
        for (int i = 0; i < count; i++) {
            System.arraycopy(all, (int) (i * view.stride() + view.offset()), rows, i * view.width(), view.width());
        }
        return rows;
    }

    /** One epoch: input x 2, target x 2, weight, time of each pair. */
    private static List<float[]> epoch(Device device, WalkSource source, long... steps) {
        int count = WALKS * BRIDGE.sizes().count();
        try (Stream stream = device.stream();
                RowSet set = RowSet.on(device);
                Feed feed = source.feed().open(stream, count)) {
            for (long step : steps) {
                feed.prepare(stream, step);
            }
            set.assign(stream, 5, 0, count);
            feed.queue(stream, set);
            float[] input = rows(stream, port(feed, Regression.INPUT), count);
            float[] target = rows(stream, port(feed, Regression.TARGET), count);
            float[] weight = rows(stream, port(feed, Regression.WEIGHT), count);
            float[] time = rows(stream, port(feed, Regression.TIME), count);
            List<float[]> pairs = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                pairs.add(new float[] {
                    input[2 * i], input[2 * i + 1], target[2 * i], target[2 * i + 1], weight[i], time[i]
                });
            }
            return pairs;
        }
    }

    private static View port(Feed feed, String name) {
        return java.util.Objects.requireNonNull(feed.ports().get(name));
    }

    private static void sort(List<float[]> pairs) {
        pairs.sort(Comparator.<float[]>comparingDouble(pair -> pair[5]).thenComparingDouble(pair -> pair[0]));
    }

    /** An epoch holds every step of every walk once: the trace of the plan, interpreted in double from one of the rows. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void anEpochHoldsEveryStepOfEveryWalk(Device device) {
        for (boolean byScore : new boolean[] {false, true}) {
            WalkSource source = source(byScore);
            List<float[]> got = epoch(device, source, 11); // the second cache: walks 33 to 65
            Plan plan = source.pairs().plan(BRIDGE);
            Interpreter interpreter = Interpreter.of(plan, Map.of());
            float[] starts = source.rows().orElseThrow().values();
            Set<Integer> started = new HashSet<>();
            List<float[]> wanted = new ArrayList<>();
            for (int i = 0; i < WALKS; i++) {
                // which row a walk starts from is told by the walk itself: the interpreter's with the nearest first
                // step
                int best = -1;
                double nearest = Double.POSITIVE_INFINITY;
                List<float[]> walk = List.of();
                for (int r = 0; r < 7; r++) {
                    double[][][] trace = interpreter
                            .row(99, WALKS + i, Map.of(BridgeWalk.START, new double[] {starts[2 * r], starts[2 * r + 1]
                            }))
                            .trace();
                    List<float[]> candidate = new ArrayList<>();
                    for (int j = 0; j < BRIDGE.sizes().count(); j++) {
                        double[] x = trace[j + 1][0];
                        double[] target = trace[j + 1][1];
                        double gamma = BRIDGE.sizes().gamma(j);
                        candidate.add(new float[] {
                            (float) x[0],
                            (float) x[1],
                            (float) target[0],
                            (float) target[1],
                            (float) (gamma / 2),
                            (j + 1) / 5f
                        });
                    }
                    double apart = got.stream()
                            .mapToDouble(pair -> Math.hypot(
                                            pair[0] - candidate.get(4)[0],
                                            pair[1] - candidate.get(4)[1])
                                    + (pair[5] == 1f ? 0 : 1e9))
                            .min()
                            .orElseThrow();
                    if (apart < nearest) {
                        nearest = apart;
                        best = r;
                        walk = candidate;
                    }
                }
                started.add(best);
                wanted.addAll(walk);
            }
            sort(got);
            sort(wanted);
            for (int i = 0; i < wanted.size(); i++) {
                assertArrayEquals(wanted.get(i), got.get(i), 2e-4f, "pair " + i + ": " + Arrays.toString(got.get(i)));
            }
            assertEquals(7, started.size(), "walks start from every row");
        }
    }

    /** The condition of a pair is that of the row that its walk started from: rows lie 100 apart, and walks stay within 10. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aPairKeepsTheConditionOfItsWalk(Device device) {
        float[] rows = new float[3 * 7];
        for (int r = 0; r < 7; r++) {
            rows[3 * r] = 100 * r;
            rows[3 * r + 1] = -100 * r;
            rows[3 * r + 2] = r;
        }
        BridgeProcess bridge = new BridgeProcess(Reference.brownian(), BRIDGE.sizes(), Space.euclidean(2), false);
        WalkSource source = new WalkSource(
                bridge,
                BridgePairs.first(Matching.DRIFT, false),
                Optional.of(Dataset.of(rows, "a", "b", "c").given("y", "c")),
                Optional.empty(),
                WALKS,
                10,
                99,
                Precision.F32);
        int count = WALKS * BRIDGE.sizes().count();
        try (Stream stream = device.stream();
                RowSet set = RowSet.on(device);
                Feed feed = source.feed().open(stream, count)) {
            feed.prepare(stream, 1);
            set.assign(stream, 5, 0, count);
            feed.queue(stream, set);
            float[] input = rows(stream, port(feed, Regression.INPUT), count);
            Set<Float> seen = new HashSet<>();
            for (int i = 0; i < count; i++) {
                float y = input[3 * i + 2];
                assertArrayEquals(
                        new float[] {100 * y, -100 * y},
                        new float[] {input[3 * i], input[3 * i + 1]},
                        10f,
                        "pair " + i);
                seen.add(y);
            }
            assertEquals(7, seen.size());
        }
    }

    /** A cache is a function of its number: a run that resumes has the rows of one that did not stop, and refreshes bring new ones. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aCacheIsAFunctionOfItsNumber(Device device) {
        List<float[]> straight = epoch(device, source(false), 1, 2, 10, 11, 12);
        List<float[]> resumed = epoch(device, source(false), 15);
        for (int i = 0; i < straight.size(); i++) {
            assertArrayEquals(straight.get(i), resumed.get(i), 0f);
        }
        assertFalse(
                Arrays.equals(straight.get(0), epoch(device, source(false), 10).get(0)));
    }
}
