package org.tweedie.randomness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.rng.Philox;
import org.tweedie.testing.Depth;
import org.tweedie.testing.Suite;

/**
 * The words that all numbers are made of, in the orders in which programs meet them, under the battery. Every p-value of the run is
 * held above {@value #RISK} divided by their number: a right generator would fail once in ten thousand runs, were its seed drawn
 * anew. Bad generators fail on the smallest size.
 */
@Tag("randomness")
class WordsTest {
    private static final double RISK = 1e-4;
    /** Chunks of an order in a case: 64 MiB for all orders together, and 2 MiB of each where the run is a short one. */
    private static final int CHUNKS = Depth.now() == Depth.PLAIN ? 1 : 4;

    private final Suite suite = new Suite("randomness");

    private static double threshold(int batteries) {
        return RISK / (batteries * new Battery().size());
    }

    /** Plain 16 MiB, CI 1 GiB, long 32 GiB: an eighth of it each. The counts of a long run are kept from case to case. */
    @Test
    void everyOrderOfOurWordsPasses() throws Exception {
        List<Battery> batteries = new ArrayList<>();
        for (int i = 0; i < Order.values().length; i++) {
            batteries.add(new Battery());
        }
        long began = System.nanoTime();
        Counts kept = new Counts(Path.of("target", "long", "randomness.counts"), batteries);
        suite.cases(Depth.of(1, 16, 512), number -> {
            if (number == 0) {
                batteries.replaceAll(old -> new Battery());
            } else if (kept.through() > number) {
                return; // the last run counted this case, and stopped before it was noted
            }
            for (Order order : Order.values()) {
                for (int i = 0; i < CHUNKS; i++) {
                    batteries.get(order.ordinal()).add(order.words());
                }
            }
            kept.store(number + 1);
        });
        double seconds = (System.nanoTime() - began) / 1e9;
        double least = 1;
        String at = "";
        for (Order order : Order.values()) {
            for (Map.Entry<String, Double> one :
                    batteries.get(order.ordinal()).p().entrySet()) {
                double p = one.getValue();
                assertTrue(
                        p > threshold(Order.values().length),
                        order + " " + one.getKey() + ": p = " + p + " after "
                                + batteries.get(0).words() + " words");
                if (p < least) {
                    least = p;
                    at = order + " " + one.getKey();
                }
            }
        }
        long bytes = 4 * Order.values().length * batteries.get(0).words();
        suite.reached(String.format(
                Locale.ROOT,
                "%,d MiB of words in %d orders through %d statistics (%.0f s of this run); least p %.2g (%s), threshold %.2g, false alarm %.0g",
                bytes >> 20,
                Order.values().length,
                new Battery().size(),
                seconds,
                least,
                at,
                threshold(Order.values().length),
                RISK));
    }

    /** The counts of a long run, in a file. */
    private record Counts(Path file, List<Battery> batteries) {
        Counts {
            if (Depth.now() == Depth.LONG && Files.exists(file)) {
                try (DataInputStream in = open(file)) {
                    for (Battery battery : batteries) {
                        battery.read(in);
                    }
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }
        }

        private static DataInputStream open(Path file) throws IOException {
            return new DataInputStream(new BufferedInputStream(Files.newInputStream(file)));
        }

        long through() {
            return batteries.get(0).words() / ((long) CHUNKS * Battery.CHUNK);
        }

        void store(long cases) throws IOException {
            if (Depth.now() != Depth.LONG) {
                return;
            }
            assertEquals(cases, through(), "the counts are of other cases; remove " + file);
            Files.createDirectories(file.getParent());
            Path draft = file.resolveSibling("randomness.draft-counts");
            try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(draft)))) {
                for (Battery battery : batteries) {
                    battery.write(out);
                }
            }
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private static Order.Rounds rounds(int rounds) {
        return (c0, c1, c2, c3, k0, k1, into, at) -> {
            for (int round = 0; round < rounds; round++) {
                long product0 = 0xD2511F53L * (c0 & 0xffffffffL);
                long product1 = 0xCD9E8D57L * (c2 & 0xffffffffL);
                c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
                c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
                c1 = (int) product1;
                c3 = (int) product0;
                k0 += 0x9E3779B9;
                k1 += 0xBB67AE85;
            }
            into[at] = c0;
            into[at + 1] = c1;
            into[at + 2] = c2;
            into[at + 3] = c3;
        };
    }

    private static Generator congruential(long multiplier, long increment, long seed, int shift) {
        long[] state = {seed};
        return (first, into) -> {
            for (int i = 0; i < into.length; i++) {
                state[0] = state[0] * multiplier + increment;
                into[i] = (int) (state[0] >>> shift);
            }
        };
    }

    static Stream<Arguments> bad() {
        Generator good = Order.ROWS.words();
        return Stream.of(
                Arguments.of("Philox of 2 rounds", Order.COORDINATES.words(rounds(2))),
                Arguments.of("Philox of 3 rounds", Order.COORDINATES.words(rounds(3))),
                Arguments.of("Philox of 3 rounds, by rows", Order.ROWS.words(rounds(3))),
                Arguments.of("Philox of 3 rounds, by seeds", Order.SEEDS.words(rounds(3))),
                Arguments.of("Philox of 3 rounds, by steps", Order.STEPS.words(rounds(3))),
                Arguments.of("Philox of 4 rounds, by rows", Order.ROWS.words(rounds(4))),
                Arguments.of("low bits of a congruential generator", congruential(1664525, 1013904223, 1, 0)),
                Arguments.of("RANDU", (Generator) (first, into) -> {
                    congruential(65539, 0, 1 + 2 * first, 0).fill(first, into);
                    for (int i = 0; i < into.length; i++) {
                        into[i] <<= 1; // it has 31 bits
                    }
                }),
                Arguments.of("RANDU's high bits", (Generator) (first, into) -> {
                    Generator randu = congruential(65539, 0, 1 + 2 * first, 15);
                    int[] other = new int[into.length];
                    randu.fill(first, into);
                    randu.fill(first, other);
                    for (int i = 0; i < into.length; i++) {
                        into[i] = into[i] << 16 | other[i] & 0xffff;
                    }
                }),
                Arguments.of(
                        "a seed that is lost: two streams alike",
                        Order.INTERLEAVED.words(
                                (c0, c1, c2, c3, k0, k1, into, at) -> Philox.block(c0, c1, c2, c3, 0, 0, into, at))),
                Arguments.of(
                        "a quad that is lost: the words of a row again",
                        Order.COORDINATES.words((c0, c1, c2, c3, k0, k1, into, at) ->
                                Philox.block(c0, c1, c2, c3 & ~1, k0, k1, into, at))),
                Arguments.of(
                        "a high word that is lost",
                        Order.HIGH.words(
                                (c0, c1, c2, c3, k0, k1, into, at) -> Philox.block(c0, 0, c2, c3, k0, k1, into, at))),
                Arguments.of(
                        "a bit that is 1 too often, by 1 %",
                        (Generator) (first, into) -> {
                            good.fill(first, into);
                            for (int i = 0; i < into.length; i += 50) {
                                into[i] |= 1 << 7;
                            }
                        }),
                Arguments.of("a word of 1000 again", (Generator) (first, into) -> {
                    good.fill(first, into);
                    for (int i = 1000; i < into.length; i += 1000) {
                        into[i] = into[i - 1];
                    }
                }));
    }

    @ParameterizedTest
    @MethodSource("bad")
    void badGeneratorsFail(String name, Generator generator) {
        Battery battery = new Battery();
        battery.add(generator);
        Map<String, Double> values = battery.p();
        double limit = threshold(Order.values().length);
        List<String> failed = values.entrySet().stream()
                .filter(one -> !(one.getValue() > limit))
                .map(Map.Entry::getKey)
                .toList();
        System.out.println(name + " fails " + failed);
        assertTrue(!failed.isEmpty(), name + " passes: " + values);
    }

    /** The laws that p-values rest on, held against a generator that shares nothing with ours. */
    @Test
    void pValuesOfAnotherGeneratorAreEven() {
        int runs = (int) Depth.of(6, 40, 40);
        SplittableRandom random = new SplittableRandom(3);
        Generator other = (first, into) -> {
            for (int i = 0; i < into.length; i++) {
                into[i] = random.nextInt();
            }
        };
        double squares = 0;
        int small = 0;
        int all = 0;
        for (int run = 0; run < runs; run++) {
            Battery battery = new Battery();
            battery.add(other);
            for (Map.Entry<String, Double> one : battery.p().entrySet()) {
                assertTrue(one.getValue() > threshold(runs), one.toString());
                squares -= 2 * Math.log(one.getValue());
                small += one.getValue() < 0.05 ? 1 : 0;
                all++;
            }
        }
        // Fisher's sum is chi-square with 2 degrees for each, were they independent; some share words, so a wide bound
        double z = (squares - 2 * all) / Math.sqrt(4 * all);
        System.out.println(all + " p-values, Fisher z " + z + ", " + small + " below 0.05");
        assertTrue(Math.abs(z) < 6, "Fisher z " + z);
        assertTrue(Math.abs(small - 0.05 * all) < 6 * Math.sqrt(0.05 * all), small + " of " + all + " below 0.05");
    }

    @TempDir
    Path folder;

    /** What a long run keeps is the whole state. */
    @Test
    void countsComeBack() throws IOException {
        Battery whole = new Battery();
        whole.add(Order.ROWS.words());
        Path file = folder.resolve("counts");
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            whole.write(out);
        }
        Battery back = new Battery();
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            back.read(in);
        }
        whole.add(Order.ROWS.words());
        back.add(Order.ROWS.words());
        assertEquals(whole.p(), back.p());
        assertEquals(2L * Battery.CHUNK, back.words());
    }
}
