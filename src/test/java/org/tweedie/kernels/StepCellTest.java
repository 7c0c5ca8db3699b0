package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.kernels.CellLayout.CellDraw;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.StandardLaw;

class StepCellTest {
    private static final long SEED = 77;
    private static final int SLOTS = 10;

    /** A cell and what it should do. */
    private record Cell(int[] ins, int[] outs, double[][] weights, List<CellDraw> draws) {
        static Cell random(long seed, int ins, int outs, int draws) {
            Random random = new Random(seed);
            List<Integer> slots = new ArrayList<>();
            for (int s = 0; s < SLOTS; s++) {
                slots.add(s);
            }
            java.util.Collections.shuffle(slots, random);
            int[] in =
                    slots.subList(0, ins).stream().mapToInt(Integer::intValue).toArray();
            java.util.Collections.shuffle(slots, random);
            int[] out =
                    slots.subList(0, outs).stream().mapToInt(Integer::intValue).toArray();
            double[][] weights = new double[outs][ins + draws];
            for (double[] row : weights) {
                Arrays.setAll(row, j -> random.nextInt(4) == 0 ? 0 : random.nextGaussian());
            }
            List<CellDraw> laws = new ArrayList<>();
            for (int k = 0; k < draws; k++) {
                laws.add(new CellDraw(
                        StandardLaw.values()[(k + ins) % 3], k % 2 == 0 ? Purpose.STEP : Purpose.CORRECTOR, 100 + k));
            }
            return new Cell(in, out, weights, laws);
        }

        /** The registers after the cell, in double, and the most that rounding in f32 may add to each number. */
        void expect(
                float[] state,
                int slotStride,
                int n,
                int dim,
                long first,
                long iteration,
                double[] after,
                double[] allowed) {
            for (int i = 0; i < state.length; i++) {
                after[i] = state[i];
            }
            for (int r = 0; r < n; r++) {
                double[][] noise = new double[draws.size()][dim + (dim & 1)];
                for (int k = 0; k < draws.size(); k++) {
                    CellDraw d = draws.get(k);
                    d.law()
                            .draw(
                                    Philox.words(SEED, first + r, d.purpose(), d.ordinal() + iteration),
                                    new double[0][],
                                    noise[k]);
                }
                for (int o = 0; o < outs.length; o++) {
                    for (int d = 0; d < dim; d++) {
                        double sum = 0;
                        double size = 0;
                        double inNoise = 0;
                        for (int j = 0; j < weights[o].length; j++) {
                            double w = (float) weights[o][j];
                            int k = j - ins.length;
                            double v = k < 0 ? state[ins[j] * slotStride + r * dim + d] : noise[k][d];
                            sum += w * v;
                            size += Math.abs(w * v);
                            // a normal number is within 4.5 x 2^-24 of its radius (FillTest)
                            inNoise += k < 0
                                    ? 0
                                    : Math.abs(w) * 4.5 * 0x1p-24 * Math.hypot(noise[k][d & ~1], noise[k][d | 1]);
                        }
                        int at = outs[o] * slotStride + r * dim + d;
                        after[at] = sum;
                        // each term passes at most one rounding a later term, and its own
                        allowed[at] = size * weights[o].length * 0x1p-24 + inNoise;
                    }
                }
            }
        }
    }

    private static float[] run(
            Lab lab, Cell cell, float[] state, int slotStride, int n, int dim, long first, long iteration) {
        int[] headers = new int[3 * CellLayout.HEADER];
        float[] table = new float[3 * CellLayout.WEIGHTS];
        CellLayout.encode(cell.ins, cell.outs, cell.weights, cell.draws, 2, headers, table);
        DeviceBuffer on = lab.floats(state);
        StepCell.run(
                lab.stream(),
                lab.rows(SEED, first, n, null, null, iteration),
                on,
                slotStride,
                dim,
                lab.ints(headers),
                lab.floats(table),
                2);
        return lab.read(on);
    }

    private static float[] state(int count) {
        float[] state = new float[count];
        Random random = new Random(1);
        for (int i = 0; i < count; i++) {
            state[i] = (float) random.nextGaussian();
        }
        return state;
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void agreesWithDoubleAndWithOneHostThread(Device device) {
        int[][] shapes = {{1, 1, 0}, {2, 1, 1}, {3, 2, 1}, {8, 8, 4}, {0, 1, 1}, {4, 3, 2}};
        int seed = 0;
        for (int n : Lab.SIZES) {
            for (int dim : Lab.DIMS) {
                int[] shape = shapes[seed % shapes.length];
                Cell cell = Cell.random(seed++, shape[0], shape[1], shape[2]);
                int slotStride = n * dim + (n % 2 == 0 ? 4 : 3);
                float[] state = state(SLOTS * slotStride);
                String what = Arrays.toString(shape) + " on " + n + " x " + dim;
                float[] got =
                        Lab.sameOnOneThread(device, what, lab -> run(lab, cell, state, slotStride, n, dim, 40, 6));
                double[] expected = new double[state.length];
                double[] allowed = new double[state.length];
                cell.expect(state, slotStride, n, dim, 40, 6, expected, allowed);
                for (int i = 0; i < state.length; i++) {
                    assertEquals(expected[i], got[i], allowed[i], what + ", element " + i);
                }
            }
        }
    }

    /** Whole quads (16-byte accesses) and single coordinates give the same bits. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void doesNotDependOnAlignment(Device device) {
        int n = 33;
        int dim = 8;
        Cell cell = Cell.random(9, 3, 2, 2);
        float[] aligned = state(SLOTS * n * dim);
        float[] odd = new float[SLOTS * (n * dim + 1)];
        for (int s = 0; s < SLOTS; s++) {
            System.arraycopy(aligned, s * n * dim, odd, s * (n * dim + 1), n * dim);
        }
        float[] a = Lab.on(device, lab -> run(lab, cell, aligned, n * dim, n, dim, 0, 0));
        float[] b = Lab.on(device, lab -> run(lab, cell, odd, n * dim + 1, n, dim, 0, 0));
        for (int s = 0; s < SLOTS; s++) {
            Lab.assertBits(
                    Arrays.copyOfRange(a, s * n * dim, (s + 1) * n * dim),
                    Arrays.copyOfRange(b, s * (n * dim + 1), s * (n * dim + 1) + n * dim),
                    "slot " + s);
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void leavesDeadRowsAloneAndFollowsTheIndexList(Device device) {
        int n = 1021;
        int dim = 3;
        Cell cell = new Cell(
                new int[] {0},
                new int[] {0},
                new double[][] {{0.5, 2}},
                List.of(new CellDraw(StandardLaw.NORMAL, Purpose.STEP, 0)));
        int[] headers = new int[CellLayout.HEADER];
        float[] table = new float[CellLayout.WEIGHTS];
        CellLayout.encode(cell.ins, cell.outs, cell.weights, cell.draws, 0, headers, table);
        float[] state = state(n * dim);
        float[] all = Lab.on(device, lab -> run(lab, cell, state, n * dim, n, dim, 0, 0));
        Random random = new Random(2);
        long[] index = random.longs(n, 0, n).toArray();
        float[] alive = new float[n];
        float[] gathered = new float[n * dim];
        for (int r = 0; r < n; r++) {
            alive[r] = random.nextInt(2);
            System.arraycopy(state, (int) index[r] * dim, gathered, r * dim, dim);
        }
        float[] got = Lab.on(device, lab -> {
            DeviceBuffer on = lab.floats(gathered);
            StepCell.run(
                    lab.stream(),
                    lab.rows(SEED, 0, n, index, alive, 0),
                    on,
                    n * dim,
                    dim,
                    lab.ints(headers),
                    lab.floats(table),
                    0);
            return lab.read(on);
        });
        for (int r = 0; r < n; r++) {
            for (int d = 0; d < dim; d++) {
                assertEquals(
                        alive[r] > 0 ? all[(int) index[r] * dim + d] : gathered[r * dim + d],
                        got[r * dim + d],
                        "row " + r);
            }
        }
    }

    /** A weight of exactly 0 must not touch its register: what lies there may not be a number. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void readsNothingAtWeightZero(Device device) {
        Cell cell =
                new Cell(new int[] {0, 1}, new int[] {2, 3, 1}, new double[][] {{1, 0}, {0, 0}, {-2, 0}}, List.of());
        float[] got = Lab.on(device, lab -> run(lab, cell, new float[] {3, Float.NaN, 9, 9}, 1, 1, 1, 0, 0));
        Lab.assertBits(new float[] {3, -6, 3, 0}, got, "registers");
    }

    @Test
    void refusesWhatHasNoPlace() {
        int[] headers = new int[CellLayout.HEADER];
        float[] table = new float[CellLayout.WEIGHTS];
        assertThrows(
                IllegalArgumentException.class,
                () -> CellLayout.encode(new int[9], new int[1], new double[1][9], List.of(), 0, headers, table));
        assertThrows(
                IllegalArgumentException.class,
                () -> CellLayout.encode(new int[2], new int[1], new double[1][3], List.of(), 0, headers, table));
    }
}
