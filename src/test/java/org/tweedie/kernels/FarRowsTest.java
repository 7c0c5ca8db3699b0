package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.OutOfDeviceMemoryException;
import org.tweedie.kernels.host.RowOrder;
import org.tweedie.rng.Purpose;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.TestDevices;

/**
 * Every kernel that walks over rows, with rows a gigabyte apart: from the third on they lie beyond 2^31 bytes, the last one beyond 2^31
 * elements, where an index of 32 bits would wrap. The answers are those of dense rows. An emulated GPU backs only what is touched.
 */
@Tag("kernels")
@GpuTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FarRowsTest {
    /** The launch set takes every fifth from the fourth for dead, not the last. */
    private static final int ROWS = 10;
    /** Odd, so that rows are not aligned alike. */
    private static final int STRIDE = (1 << 28) + 5;
    /** Columns of the giant buffer, for the views of a case. */
    private static final int ROOM = 8192;

    private static final long COUNT = (ROWS - 1L) * STRIDE + ROOM;

    private Device device;
    private DeviceBuffer giant;

    @BeforeAll
    void open() {
        assertTrue((ROWS - 1L) * STRIDE > 1L << 31);
        device = TestDevices.open(TestDevices.specs().get(1));
        giant = room(Element.F32);
    }

    @AfterAll
    void close() {
        if (giant != null) {
            giant.close();
        }
        device.close();
    }

    private DeviceBuffer room(Element element) {
        try {
            return device.allocate(element, COUNT);
        } catch (OutOfDeviceMemoryException e) {
            assumeTrue(false, "no room for rows so far apart: " + e.getMessage());
            throw e;
        }
    }

    /** All views side by side in the rows of one buffer, with a column that none may write between them. */
    private static final class FarLab extends Lab {
        private final DeviceBuffer giant;
        private final Map<View, Shape> shapes = new IdentityHashMap<>();
        private int next = 1;

        /** Elements before the first row, and from row to row, where rows are dense. */
        private record Shape(int offset, int stride) {}

        FarLab(Device device, DeviceBuffer giant) {
            super(device);
            this.giant = giant;
        }

        private View view(float[] values, int offset, int width, int stride) {
            View view = new View(giant, next, width, STRIDE);
            for (int r = 0; r < ROWS; r++) {
                float[] row = Arrays.copyOfRange(values, r * stride, r * stride + stride + 1);
                row[stride] = UNTOUCHED;
                stream().upload(row, 0, giant, next + (long) r * STRIDE, row.length);
            }
            shapes.put(view, new Shape(offset, stride));
            next += stride + 1;
            assertTrue(next <= ROOM);
            return view;
        }

        @Override
        View rows(float[] values, int width) {
            assertEquals(ROWS * width, values.length);
            return view(values, 0, width, width);
        }

        @Override
        View out(int offset, int rows, int width, int stride) {
            assertEquals(ROWS, rows);
            float[] values = new float[rows * stride];
            Arrays.fill(values, UNTOUCHED);
            return view(values, offset, width, stride);
        }

        @Override
        float[] read(View view) {
            Shape shape = shapes.get(view);
            int stride = shape.stride();
            float[] row = new float[stride + 1];
            float[] values = new float[shape.offset() + ROWS * stride];
            Arrays.fill(values, 0, shape.offset(), UNTOUCHED);
            for (int r = 0; r < ROWS; r++) {
                stream().download(giant, view.offset() + (long) r * STRIDE, row, 0, row.length);
                System.arraycopy(row, 0, values, shape.offset() + r * stride, stride);
                assertEquals(UNTOUCHED, row[stride], "the column behind row " + r);
            }
            return values;
        }
    }

    static Stream<LaunchSet.Case> cases() {
        return LaunchSet.over(ROWS, new int[][] {{0, 5}, {3, 5}, {65, 33}}).stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void answersAsDenseRowsDo(LaunchSet.Case one) {
        float[] dense;
        try (Device reference =
                Device.open(one.exact() ? "cpu:1" : TestDevices.specs().get(1))) {
            dense = one.on(reference);
        }
        try (FarLab lab = new FarLab(device, giant)) {
            Lab.assertBits(dense, one.in(lab), one.toString());
        }
    }

    @Test
    void wordsGoToFarRows() {
        int width = 6;
        try (Lab lab = new Lab(device);
                DeviceBuffer words = room(Element.I32)) {
            DeviceBuffer dense = lab.ints(new int[ROWS * width]);
            RowSet rows = lab.rows(0x5EED, 3, ROWS);
            Fill.words(lab.stream(), rows, View.rows(dense, width), Purpose.BOOTSTRAP, 7);
            Fill.words(lab.stream(), rows, new View(words, 1, width, STRIDE), Purpose.BOOTSTRAP, 7);
            int[] expected = lab.readInts(dense);
            int[] row = new int[width];
            for (int r = 0; r < ROWS; r++) {
                lab.stream().download(words, 1 + (long) r * STRIDE, row, 0, width);
                assertArrayEquals(Arrays.copyOfRange(expected, r * width, (r + 1) * width), row, "row " + r);
            }
        }
    }

    @Test
    void aStepReadsAndWritesFarSlots() {
        long slot = (COUNT - ROOM / 2) / 3;
        assertTrue(3 * slot > 1L << 31);
        RowLaunches.CellState near = RowLaunches.cell(ROWS);
        float[] dense;
        try (Lab lab = new Lab(device)) {
            DeviceBuffer state = lab.floats(near.values());
            near.run(lab, state, near.stride());
            dense = lab.read(state);
        }
        try (Lab lab = new Lab(device)) {
            for (int s = 0; s < 4; s++) {
                lab.stream().upload(near.values(), s * near.stride(), giant, s * slot, near.stride());
            }
            near.run(lab, giant, slot);
            float[] far = new float[dense.length];
            for (int s = 0; s < 4; s++) {
                lab.stream().download(giant, s * slot, far, s * near.stride(), near.stride());
            }
            Lab.assertBits(dense, far, "slots " + slot + " apart");
        }
    }

    @Test
    void aTrajectoryLoadsAndStoresFarPlaces() {
        TrajectoryLaunches.Trajectory near = TrajectoryLaunches.trajectory(ROWS, Operands.BF16, 33, 2);
        float[] dense;
        try (Lab lab = new Lab(device)) {
            DeviceBuffer io = lab.floats(near.values());
            near.run(lab, io, ROWS, new MlpLaunch(32, 2, MlpLaunch.ALL));
            dense = Arrays.copyOf(lab.read(io), ROWS * 3);
        }
        long stride = (COUNT - ROOM) / 3;
        assertTrue(3 * stride > 1L << 31);
        try (Lab lab = new Lab(device)) {
            lab.stream().upload(near.values(), 0, giant, 0, ROWS * 3);
            lab.stream().upload(near.values(), ROWS * 3, giant, 3 * stride, ROWS * 3);
            near.run(lab, giant, stride, new MlpLaunch(16, 1, MlpLaunch.ALL));
            float[] far = new float[ROWS * 3];
            lab.stream().download(giant, 0, far, 0, far.length);
            Lab.assertBits(dense, far, "places " + stride + " apart");
        }
    }

    @Test
    void aWideTrajectoryLoadsAndStoresFarPlaces() {
        assumeTrue(device.limits().warpgroups(), "no warpgroups");
        TrajectoryLaunches.Trajectory near = TrajectoryLaunches.trajectory(ROWS, Operands.BF16, 300, 1);
        MlpLaunch launch = new MlpLaunch(MlpLaunch.WARPGROUP, 8, 2);
        float[] dense;
        try (Lab lab = new Lab(device)) {
            DeviceBuffer io = lab.floats(near.values());
            near.run(lab, io, ROWS, launch);
            dense = Arrays.copyOf(lab.read(io), ROWS * 3);
        }
        long stride = (COUNT - ROOM) / 3;
        try (Lab lab = new Lab(device)) {
            lab.stream().upload(near.values(), 0, giant, 0, ROWS * 3);
            lab.stream().upload(near.values(), ROWS * 3, giant, 3 * stride, ROWS * 3);
            near.run(lab, giant, stride, launch);
            float[] far = new float[ROWS * 3];
            lab.stream().download(giant, 0, far, 0, far.length);
            Lab.assertBits(dense, far, "places " + stride + " apart");
        }
    }

    @Test
    void aBatchTakesRowsOfFarData() {
        int width = 9;
        long n = COUNT / width;
        RowOrder order = new RowOrder(0x5EED, n);
        try (Lab lab = new Lab(device)) {
            float[] row = new float[width];
            float[] expected = new float[ROWS * width];
            long last = 0;
            for (int r = 0; r < ROWS; r++) {
                long from = order.row(r) * width;
                last = Math.max(last, from);
                for (int c = 0; c < width; c++) {
                    row[c] = 100 * r + c;
                    expected[r * width + c] = row[c];
                }
                lab.stream().upload(row, 0, giant, from, width);
            }
            assertTrue(last * Float.BYTES > 1L << 31, "no row is far: " + last);
            View out = lab.out(ROWS, width);
            Batch.rows(lab.stream(), lab.rows(0x5EED, 0, ROWS), giant, n, out);
            Lab.assertBits(expected, lab.read(out), "rows of " + n);
        }
    }
}
