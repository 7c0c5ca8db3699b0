package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.bridge.domain.BridgeDomain;
import org.tweedie.bridge.domain.DomainSpec;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.hitting.HittingDomain;
import org.tweedie.hitting.HittingSpec;
import org.tweedie.hitting.HittingSteps;
import org.tweedie.score.Mlp;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;

/** What fitting to walks would take: the bytes that a fit holds, to one, and time with the walks' share. */
class WalkFitEstimateTest {
    private static final Dataset ROWS = Dataset.of(new float[] {0, 1, 1, 0, 1, 1}, "a", "b");
    private static final BridgeDomain LEVELS = BridgeDomain.finite(0, 1).times(2);
    private static final HittingDomain CUBE = HittingDomain.parse("cube:2");

    private static TrainSpec training(long steps) {
        return TrainSpec.steps(steps).withBatch(4).withSeed(3);
    }

    private static DomainSpec domain(long steps, int walks, long every) {
        return DomainSpec.of()
                .withSteps(30)
                .withNetwork(Mlp.of(8, 1))
                .withTraining(training(steps))
                .withCache(walks, every);
    }

    private static HittingSpec hitting(long steps, int walks, long every) {
        return HittingSpec.standard()
                .withSteps(HittingSteps.of(0.02))
                .withNetwork(Mlp.of(8, 1))
                .withTraining(training(steps))
                .withCache(walks, 3, every);
    }

    /** Hears how much a device holds when training begins. */
    private record Scales(Device device, List<Long> heard) implements TrainListener {
        @Override
        public void at(Progress progress) {}

        @Override
        public void opened(String how) {
            heard.add(device.allocatedBytes());
        }
    }

    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void bytesAreThoseOfAFit(Device device) throws IOException {
        long before = device.allocatedBytes();
        Scales scales = new Scales(device, new ArrayList<>());
        DomainSpec into = domain(2, 16, 5);
        Trainer.Estimate domain = BridgeModel.estimate(ROWS, LEVELS, into, device);
        HittingSpec onto = hitting(2, 16, 5);
        Trainer.Estimate hitting = FirstHittingModel.estimate(ROWS, CUBE, onto, device);
        assertEquals(before, device.allocatedBytes(), "nothing is kept");
        BridgeModel.fit(ROWS, LEVELS, into, device, scales, new CancelToken(), null, false)
                .close();
        FirstHittingModel.fit(ROWS, CUBE, onto, device, scales, new CancelToken(), null, false)
                .close();
        assertEquals(
                List.of(before + domain.deviceBytes(), before + hitting.deviceBytes()), scales.heard(), "bytes held");
    }

    /** Walks anew at every step, or once: a thousand times the walks, which take longer than the steps of four rows. */
    @Test
    void timeHasTheWalksShare() {
        try (Device device = Device.open("cpu")) {
            Trainer.Estimate often = BridgeModel.estimate(ROWS, LEVELS, domain(1000, 4096, 1), device);
            Trainer.Estimate once = BridgeModel.estimate(ROWS, LEVELS, domain(1000, 4096, 1000), device);
            assertTrue(often.seconds() > 10 * once.seconds(), often + " and " + once);
            assertEquals(often.seconds(), 1000 * often.secondsPerStep(), 1e-9 * often.seconds());
            often = FirstHittingModel.estimate(ROWS, CUBE, hitting(1000, 4096, 1), device);
            once = FirstHittingModel.estimate(ROWS, CUBE, hitting(1000, 4096, 1000), device);
            assertTrue(often.seconds() > 10 * once.seconds(), often + " and " + once);
            assertEquals(often.seconds(), 1000 * often.secondsPerStep(), 1e-9 * often.seconds());
        }
    }

    @Test
    void whatFittingRefusesAnEstimateDoes() {
        Dataset outside = Dataset.of(new float[] {0, 0.5f}, "a", "b");
        try (Device device = Device.open("cpu")) {
            assertTrue(assertThrows(
                            IllegalArgumentException.class,
                            () -> BridgeModel.estimate(outside, LEVELS, domain(2, 16, 5), device))
                    .getMessage()
                    .startsWith("row 1, column 'b' is 0.5, outside the domain"));
            assertTrue(assertThrows(
                            IllegalArgumentException.class,
                            () -> FirstHittingModel.estimate(outside, CUBE, hitting(2, 16, 5), device))
                    .getMessage()
                    .startsWith("row 1 is no row of zeros and ones"));
            assertEquals(0, device.allocatedBytes());
        }
    }
}
