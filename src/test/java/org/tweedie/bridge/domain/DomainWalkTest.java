package org.tweedie.bridge.domain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Program;
import org.tweedie.execution.Progress;
import org.tweedie.execution.Sampling;
import org.tweedie.plan.Interpreter;
import org.tweedie.plan.Plan;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VpSde;

/** Bridges into domains without a network: the laws of their ends are known. Statistics by fixed seeds; bounds of four standard errors and the steps' own error. */
class DomainWalkTest {
    private static final BridgeBase BROWNIAN = LinearBase.brownian(Clock.constant(1));

    private static Program program(DomainBridge bridge, int steps) {
        return Program.of(
                new DomainWalk(false).plan(bridge, bridge.grid(steps)),
                Map.of(DomainWalk.DOMAIN, new DomainField(bridge.base(), bridge.domain())));
    }

    /** Where the walks of a seed end, before rounding. */
    private static float[] ends(Device device, DomainBridge bridge, int steps, int count) {
        float[] ends = new float[count * bridge.domain().width()];
        try (Sampling sampling = Sampling.open(program(bridge, steps), device, count, false, null)) {
            sampling.run(
                    11,
                    0,
                    count,
                    Map.of(),
                    Progress.NONE,
                    new CancelToken(),
                    (at, rows, outputs, traces) -> System.arraycopy(
                            outputs.get(0), 0, ends, (int) at * bridge.domain().width(), outputs.get(0).length));
        }
        return ends;
    }

    private static double[] shares(float[] ends, BridgeDomain domain, double[][] points) {
        int width = domain.width();
        double[] shares = new double[points.length];
        for (int at = 0; at < ends.length; at += width) {
            double[] row = new double[width];
            for (int d = 0; d < width; d++) {
                row[d] = ends[at + d];
            }
            double[] nearest = domain.nearest(row);
            for (int e = 0; e < points.length; e++) {
                shares[e] += Arrays.equals(nearest, points[e]) ? (double) width / ends.length : 0;
            }
        }
        return shares;
    }

    /** Into {-1, 0, 2} from 0: N(e; 0, 1), normalised. Numbers of an independent computation. */
    @Test
    void hitsLevelsByTheBasesOwnLaw() {
        BridgeDomain domain = BridgeDomain.finite(-1, 0, 2);
        int count = 30_000;
        try (Device device = Device.open("cpu")) {
            float[] ends = ends(device, new DomainBridge(BROWNIAN, domain), 400, count);
            double[] shares = shares(ends, domain, new double[][] {{-1}, {0}, {2}});
            assertArrayEquals(new double[] {0.34821, 0.57410, 0.07770}, shares, 4 * 0.5 / Math.sqrt(count) + 0.002);
            assertEquals(0.07770, shares[2], 4 * 0.268 / Math.sqrt(count) + 0.001);
            float worst = 0;
            for (float end : ends) {
                worst = Math.max(worst, Math.min(Math.abs(end + 1), Math.min(Math.abs(end), Math.abs(end - 2))));
            }
            assertTrue(worst > 0 && worst < 6 * (1.0 / 400), "before rounding off by " + worst);
        }
    }

    /** Weighted by share/N(point), the walk draws any law on points exactly: levels, corners and points of the plane, of three bases. */
    @Test
    void drawsGivenSharesWithoutANetwork() {
        int count = 12_000;
        double[] wanted = {0.15, 0.6, 0.25};
        double[][] plane = {{-1, 0.5}, {1, 0}, {0.2, -1.5}};
        double[][] corners = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
        List<BridgeBase> bases = List.of(
                BROWNIAN,
                LinearBase.brownian(Clock.exponential(3, 1)),
                LinearBase.ornsteinUhlenbeck(0.8, Clock.constant(2)));
        List<BridgeDomain> domains =
                List.of(BridgeDomain.finite(-1, 0, 2), BridgeDomain.points(plane), BridgeDomain.oneHot(3));
        List<double[][]> points = List.of(new double[][] {{-1}, {0}, {2}}, plane, corners);
        try (Device device = Device.open("cpu")) {
            for (int i = 0; i < 3; i++) {
                BridgeDomain domain = domains.get(i).drawing(bases.get(i), wanted);
                float[] ends = ends(device, new DomainBridge(bases.get(i), domain), 200, count);
                assertArrayEquals(
                        wanted,
                        shares(ends, domain, points.get(i)),
                        4 * 0.5 / Math.sqrt(count) + 0.005,
                        domain.spec() + " by " + bases.get(i).spec());
            }
        }
    }

    /** Into an interval: N(0, v_0) cut to it; its mean and variance, and the whole law. */
    @Test
    void endsInAnIntervalAsACutNormal() {
        int count = 20_000;
        BridgeBase base = LinearBase.brownian(Clock.exponential(3, 1));
        BridgeDomain domain = BridgeDomain.product(BridgeDomain.interval(0.3, 1.5), BridgeDomain.halfLine(0.5));
        try (Device device = Device.open("cpu")) {
            float[] ends = ends(device, new DomainBridge(base, domain), 400, count);
            for (int d = 0; d < 2; d++) {
                double from = d == 0 ? 0.3 : 0.5;
                double to = d == 0 ? 1.5 : 9;
                double[] sorted = new double[count];
                for (int i = 0; i < count; i++) {
                    sorted[i] = Math.min(Math.max(ends[2 * i + d], from), to);
                }
                Arrays.sort(sorted);
                double v = 1 - Math.exp(-3);
                int n = 4000;
                double[] law = new double[n + 1];
                for (int i = 1; i <= n; i++) {
                    double x = from + (to - from) * (i - 0.5) / n;
                    law[i] = law[i - 1] + Math.exp(-x * x / (2 * v));
                }
                double worst = 0;
                for (int i = 0; i < count; i++) {
                    int at = (int) Math.round((sorted[i] - from) / (to - from) * n);
                    worst = Math.max(worst, Math.abs(law[at] / law[n] - (i + 0.5) / count));
                }
                // Kolmogorov: P(D > 1.95/sqrt(n)) < 0.001; and some sqrt(dv) phi of the last step lies on the bounds
                assertTrue(worst < 1.95 / Math.sqrt(count) + 0.02, "coordinate " + d + " off by " + worst);
            }
        }
    }

    /** Every device walks to the same bits, and near the walk in double. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void allDevicesWalkAlike(Device device) {
        BridgeDomain domain = BridgeDomain.product(
                BridgeDomain.finite(-1, 0, 2),
                BridgeDomain.oneHot(3),
                BridgeDomain.interval(0, 0.5),
                BridgeDomain.free(2));
        DomainBridge bridge = new DomainBridge(LinearBase.ornsteinUhlenbeck(0.5, Clock.exponential(2, 1)), domain);
        float[] got = ends(device, bridge, 7, 33);
        try (Device host = Device.open("cpu")) {
            assertArrayEquals(ends(host, bridge, 7, 33), got, 0f);
        }
        Plan plan = new DomainWalk(false).plan(bridge, bridge.grid(7));
        Interpreter interpreter =
                Interpreter.of(plan, Map.of(DomainWalk.DOMAIN, new DomainField(bridge.base(), domain)));
        for (int i = 0; i < 33; i++) {
            double[] row = interpreter.row(11, i).outputs()[0];
            for (int d = 0; d < 7; d++) {
                assertEquals(row[d], got[7 * i + d], 2e-4, "row " + i + ", " + d);
            }
        }
    }

    /** Pairs: z has the bridge's law at every time, and its target is the bridge's drift less the domain's. */
    @Test
    void pairsAreBridges() {
        double[] x = {2, 1, 0, 0.25};
        for (BridgeBase base : List.of(
                LinearBase.ornsteinUhlenbeck(-0.6, Clock.exponential(3, 1)), new ReversedBase(new VpSde(0.1, 5)))) {
            DomainBridge bridge = new DomainBridge(
                    base,
                    BridgeDomain.product(
                            BridgeDomain.finite(-1, 0, 2), BridgeDomain.oneHot(2), BridgeDomain.interval(0, 1)));
            TimeGrid grid = bridge.grid(6);
            DomainField field = new DomainField(base, bridge.domain());
            Interpreter interpreter =
                    Interpreter.of(new DomainPairs(bridge, grid).plan(), Map.of(DomainWalk.DOMAIN, field));
            int count = 4000;
            double[][] sum = new double[6][4];
            double[][] squares = new double[6][4];
            for (int i = 0; i < count; i++) {
                double[][][] trace =
                        interpreter.row(3, i, Map.of(DomainPairs.DATA, x)).trace();
                for (int j = 0; j < 6; j++) {
                    double t = grid.t(j);
                    double[] z = trace[j][0];
                    double[][] pull = new double[1][4];
                    field.evaluate(new double[][] {z}, t, pull);
                    for (int d = 0; d < 4; d++) {
                        double sigma = Math.sqrt(base.rate(t));
                        double into = base.drift(t) * z[d] + sigma * sigma * base.carry(t) * pull[0][d];
                        double scale = sigma * sigma * base.carry(t) / Math.sqrt(base.left(t));
                        double wanted = (base.bridge(x[d], z[d], t) - into) / scale;
                        assertEquals(wanted, trace[j][2][d], 1e-9 * (1 + Math.abs(into)), "target " + j);
                        double apart = z[d] - base.gain(t) * x[d];
                        sum[j][d] += apart;
                        squares[j][d] += apart * apart;
                    }
                }
            }
            for (int j = 0; j < 6; j++) {
                double deviation = base.deviation(grid.t(j));
                for (int d = 0; d < 4; d++) {
                    assertEquals(0, sum[j][d] / count, 4 * deviation / Math.sqrt(count) + 1e-15, "mean " + j);
                    assertEquals(
                            deviation * deviation,
                            squares[j][d] / count,
                            4 * deviation * deviation * Math.sqrt(2.0 / count) + 1e-15,
                            "variance " + j);
                }
            }
        }
    }

    @Test
    void refusesOtherProcessesAndTimes() {
        DomainBridge bridge = new DomainBridge(BROWNIAN, BridgeDomain.finite(0, 1));
        DomainWalk walk = new DomainWalk(false);
        assertTrue(assertThrows(
                        IllegalArgumentException.class, () -> walk.plan(new VpSde(), TimeGrid.uniform(new VpSde(), 5)))
                .getMessage()
                .contains("vp:0.1,20 is none"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> walk.plan(bridge, TimeGrid.uniform(bridge, 5)))
                .getMessage()
                .contains("rise from 0 to 1.0"));
        assertEquals("brownian constant:1 into levels:0,1", bridge.spec());
    }
}
