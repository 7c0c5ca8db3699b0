package org.tweedie.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tweedie.testing.Depth;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.GpuTest;
import org.tweedie.testing.Suite;

/** A GPU with room for everything, for some of it, for nothing: the same bits, or one exception that says what is needed and free. */
@Tag("faults")
@GpuTest
class LittleMemoryTest {
    private static final long PLENTY = 24 << 20;
    private static final long SEED = 5;

    @BeforeEach
    void needsIt() {
        EmulatedDriver.required();
    }

    @Test
    void samplingSplitsAndTrainingSaysWhatItNeeds() throws Exception {
        long sizes = Depth.of(6, 60, 2_000);
        Random random = new Random(SEED);
        int whole = 0;
        int split = 0;
        int full = 0;
        try (FaultProcess process = new FaultProcess(LittleMemory.class, Map.of("TW_EMU_MEMORY", "33554432"))) {
            for (String work : new String[] {"sample", "numbers", "trace", "train"}) {
                String[] plenty = process.ask(work + " " + PLENTY).split(" ");
                assertEquals("bits", plenty[0], () -> work + ": " + String.join(" ", plenty));
                assertEquals("0", plenty[3], work);
                boolean wasFull = false;
                boolean wasSplit = false;
                for (long i = 0; i < sizes; i++) {
                    // from a few bytes to plenty, as many in each octave
                    long free = i == 0 ? 100 : (long) Math.pow(2, 9 + 15.5 * (i + random.nextDouble()) / sizes);
                    String text = process.ask(work + " " + free);
                    String[] answer = text.split(" ");
                    String place = work + " with " + free + " bytes free: " + text;
                    if (answer[0].equals("full")) {
                        wasFull = true;
                        full++;
                        assertTrue(Long.parseLong(answer[1]) > Long.parseLong(answer[2]), place);
                        assertTrue(Long.parseLong(answer[2]) <= free, place);
                        assertTrue(text.contains("CUDA_ERROR_OUT_OF_MEMORY"), place);
                        assertTrue(
                                text.contains(
                                        work.equals("train") ? "a batch cannot be split" : "cannot be split further"),
                                place);
                    } else {
                        assertEquals("bits", answer[0], place);
                        assertEquals(plenty[1], answer[1], place);
                        boolean fewer = !answer[3].equals("0");
                        wasSplit |= fewer;
                        split += fewer ? 1 : 0;
                        whole += fewer ? 0 : 1;
                    }
                }
                assertTrue(wasFull, work + " was never full");
                assertEquals(!work.equals("train"), wasSplit, work + " split");
            }
        }
        new Suite("faults")
                .reached("little memory: " + 4 * sizes + " sizes, " + whole + " with room for all, " + split
                        + " split to the same bits, " + full + " told what is needed and free");
    }
}
