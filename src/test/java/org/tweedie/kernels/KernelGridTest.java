package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;
import org.tweedie.testing.Depth;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.Suite;
import org.tweedie.testing.TestDevices;

/**
 * Every kernel on a CUDA device against the host's reference, over shapes drawn by number: the same bits, gaps between rows
 * untouched. Products of 16-bit operands, which need not give the same bits, are held to their bound by {@link MixedLinearTest}.
 */
@Tag("kernels")
@GpuTest
class KernelGridTest {
    private static final int[] ROWS = {0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 127, 129, 255, 257};
    private static final int[] WIDTHS = {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129};

    private long launches;
    private long compared;

    @Test
    void answersAsTheHostDoes() throws Exception {
        Suite suite = new Suite("kernels");
        try (Device device = TestDevices.open(TestDevices.specs().get(1));
                Device host = Device.open("cpu:1")) {
            suite.cases(Depth.of(8, 80, 800), number -> {
                long before = launches(device);
                compareAll(device, host, number);
                launches += launches(device) - before;
            });
            if (device.kind() == DeviceKind.EMULATED && Depth.now() != Depth.LONG) {
                assertTrue(launches >= Depth.of(300, 3_000, 0), "only " + launches + " launches");
            }
            suite.reached(compared + " cases of kernels on " + device.name() + " with the host's bits, " + launches
                    + " launches counted by the emulated driver");
        }
    }

    private void compareAll(Device device, Device host, long number) {
        SplittableRandom shapes = new SplittableRandom(number);
        int rows = ROWS[shapes.nextInt(ROWS.length)];
        int[] layer = {WIDTHS[shapes.nextInt(WIDTHS.length)], WIDTHS[shapes.nextInt(WIDTHS.length)]};
        for (LaunchSet.Case one : LaunchSet.over(rows, new int[][] {layer})) {
            if (one.exact()) {
                Lab.assertBits(one.on(host), one.on(device), "case " + number + ": " + one);
                compared++;
            }
        }
    }

    private static long launches(Device device) {
        if (device.kind() != DeviceKind.EMULATED) {
            return 0;
        }
        EmulatedDriver.required();
        return EmulatedDriver.stat("launches");
    }

    @Test
    void aWrongBitIsSeen() {
        float[] right = {1, 0.3f};
        float[] wrong = right.clone();
        wrong[1] = Math.nextUp(wrong[1]);
        assertThrows(AssertionError.class, () -> Lab.assertBits(right, wrong, "planted"));
    }
}
