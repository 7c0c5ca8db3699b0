package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.ClosedException;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;
import org.tweedie.device.Element;
import org.tweedie.execution.Precision;
import org.tweedie.plan.Space;
import org.tweedie.score.Evaluator;
import org.tweedie.score.Field;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Instant;
import org.tweedie.score.Mlp;
import org.tweedie.score.Signature;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Sde;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.Depth;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.Suite;
import org.tweedie.testing.TestDevices;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/** Many threads over one sampler, one model, one device: each answer is the one of a single thread, or says that something is closed. */
@Tag("threads")
class ThreadsTest {
    private static final int THREADS = (int) Depth.of(64, 64, 256);
    private static final long SECONDS = 60;

    private static final Logger LOG = Logger.getLogger("org.tweedie.device");

    @BeforeAll
    static void quiet() {
        LOG.setLevel(Level.OFF); // a device that is closed over others' heads says so for each of them
    }

    @AfterAll
    static void loud() {
        LOG.setLevel(null);
    }

    /** One way to ask for some rows; every row that comes back stands under its number. */
    private static Rows ask(Sampler sampler, boolean traced, SplittableRandom random) {
        int first = random.nextInt(Subjects.ROWS - 40);
        int count = 1 + random.nextInt(random.nextInt(8) == 0 ? Subjects.ROWS - first : 40);
        Rows rows = new Rows(0, Subjects.ROWS);
        switch (random.nextInt(traced ? 4 : 5)) {
            case 0 -> rows.put(sampler.sample(first, count, Subjects.SEED), first, null);
            case 1 -> {
                long[] indices =
                        random.longs(1 + random.nextInt(40), 0, Subjects.ROWS).toArray();
                rows.put(sampler.sample(indices, Subjects.SEED), 0, indices);
            }
            case 2 -> {
                Iterator<Samples> pieces = sampler.iterate(first, count, 1 + random.nextInt(count), Subjects.SEED);
                while (pieces.hasNext()) {
                    Samples piece = pieces.next();
                    rows.put(piece, piece.run().first(), null);
                }
            }
            case 3 ->
                sampler.stream(
                        first,
                        count,
                        Subjects.SEED,
                        piece -> rows.put(piece, piece.run().first(), null));
            default -> {
                int width = sampler.sample(0, 0, Subjects.SEED).width();
                float[] into = new float[7 + count * width];
                sampler.sampleInto(into, 7, first, count, Subjects.SEED);
                rows.put(into, 7, width, first, count);
            }
        }
        return rows;
    }

    /** What threads found out together. */
    private static final class Tally {
        final AtomicLong calls = new AtomicLong();
        final AtomicLong rows = new AtomicLong();
        final AtomicLong refused = new AtomicLong();
        final AtomicReference<@Nullable String> wrong = new AtomicReference<>();

        void right(Rows got) {
            calls.incrementAndGet();
            rows.addAndGet(got.count());
        }

        void wrong(String what) {
            wrong.compareAndSet(null, what);
        }
    }

    private interface Turn {
        /** False when the thread is done. */
        boolean run(SplittableRandom random);
    }

    /** Runs turns in many threads until the time is over, somebody is wrong, or all are done; fails where one hangs. */
    private static void together(int threads, long millis, long seed, Tally tally, Turn turn)
            throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        CountDownLatch start = new CountDownLatch(1);
        List<Thread> all = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            SplittableRandom random = new SplittableRandom(seed * 1_000_003 + t);
            Thread thread = new Thread(
                    () -> {
                        try {
                            start.await();
                            while (System.nanoTime() < end && tally.wrong.get() == null && turn.run(random)) {}
                        } catch (Throwable e) {
                            tally.wrong(Thread.currentThread().getName() + ": " + e + " at "
                                    + List.of(e.getStackTrace()).stream()
                                            .limit(12)
                                            .toList());
                        }
                    },
                    "sampling " + t);
            thread.start();
            all.add(thread);
        }
        start.countDown();
        for (Thread thread : all) {
            thread.join(millis + TimeUnit.SECONDS.toMillis(SECONDS));
            if (thread.isAlive()) {
                tally.wrong(thread.getName() + " hangs at " + List.of(thread.getStackTrace()));
                break;
            }
        }
    }

    /** All samplers of {@link Subjects} from many threads, on every device, compared row by row. */
    @Test
    void manyThreadsShareOneSampler() throws Exception {
        Tally all = new Tally();
        List<String> specs = TestDevices.specs();
        long slices = Depth.of(1, 3, 90);
        long millis = Depth.of(1_500, 10_000, 10_000);
        new Suite("threads-shared").cases(specs.size() * slices, number -> {
            String spec = specs.get((int) (number % specs.size()));
            try (Device device = TestDevices.open(spec.equals("cpu") ? "cpu:4" : spec);
                    Subjects subjects = new Subjects(device)) {
                Map<String, Rows> oracle = oracle();
                together(THREADS, millis, number, all, random -> {
                    String name =
                            Subjects.names().get(random.nextInt(Subjects.names().size()));
                    Rows got = ask(subjects.sampler(name), name.contains("traced"), random);
                    long bad = got.firstDifference(oracle.get(name));
                    if (bad >= 0) {
                        all.wrong(name + " on " + device.name() + ": row " + bad + " has other bits than alone");
                    }
                    all.right(got);
                    return true;
                });
                assertEquals(null, all.wrong.get(), "slice " + number);
            }
        });
        assertTrue(all.calls.get() > THREADS, () -> "only " + all.calls.get() + " calls");
        new Suite("threads")
                .reached(THREADS + " threads on one sampler, " + specs + ", " + specs.size() * slices * millis / 1000
                        + " s: " + all.calls.get() + " calls, " + all.rows.get()
                        + " rows, every bit that of one thread");
    }

    /** By one thread, on a device of one thread. */
    private static Map<String, Rows> oracle() {
        try (Device alone = Device.open("cpu:1");
                Subjects subjects = new Subjects(alone)) {
            return subjects.oracle();
        }
    }

    /** A score whose evaluators share their scratch, as they must not. */
    private record Shared(Field right) implements Field {
        @Override
        public Signature signature() {
            return right.signature();
        }

        @Override
        public Evaluator open(Device device, int rows) {
            Evaluator evaluator = right.open(device, rows);
            return new Evaluator() {
                @Override
                public void evaluate(
                        org.tweedie.device.Stream stream,
                        org.tweedie.kernels.RowSet rowSet,
                        List<org.tweedie.kernels.View> from,
                        Instant t,
                        List<org.tweedie.kernels.View> into) {
                    int width = from.get(0).width();
                    stream.copy(from.get(0).data(), from.get(0).offset(), scratch, 0, (long) width);
                    Thread.yield();
                    stream.copy(scratch, 0, from.get(0).data(), from.get(0).offset(), (long) width);
                    evaluator.evaluate(stream, rowSet, from, t, into);
                }

                @Override
                public void close() {
                    evaluator.close();
                }
            };
        }

        private static DeviceBuffer scratch;
    }

    /** The comparison bites: scratch that threads share by mistake is found at once. */
    @Test
    void sharedScratchIsCaught() throws Exception {
        Sde vp = new VpSde().on(Space.euclidean(2));
        Field score = new GaussianMixtureScore(
                new GaussianMixture(new double[] {1}, new double[][] {{0, 0}}, new double[][][] {{{1, 0}, {0, 1}}}),
                vp);
        try (Device device = Device.open("cpu:1");
                DeviceBuffer scratch = device.allocate(Element.F32, 2)) {
            Shared.scratch = scratch;
            Sampler sampler = Sampler.of(device, vp, new Shared(score), new EulerMaruyama())
                    .steps(4)
                    .execution("stepwise");
            Rows known = new Rows(0, Subjects.ROWS).put(sampler.sample(0, Subjects.ROWS, 1), 0, null);
            Tally tally = new Tally();
            together(8, 20_000, 1, tally, random -> {
                int first = random.nextInt(Subjects.ROWS - 5);
                Rows got = new Rows(0, Subjects.ROWS).put(sampler.sample(first, 5, 1), first, null);
                if (got.firstDifference(known) >= 0) {
                    tally.wrong("caught");
                }
                return true;
            });
            assertEquals("caught", tally.wrong.get());
        }
    }

    /** Model and device are closed by other threads while eight sample and one trains: the right answer, or one that says closed. */
    @Test
    void closedWhileRunning() throws Exception {
        Map<String, Rows> oracle = oracle();
        String trained;
        try (Device alone = Device.open("cpu:1")) {
            trained = train(alone);
        }
        AtomicLong trainings = new AtomicLong();
        Tally tally = new Tally();
        long rounds = Depth.of(8, 40, 10_000);
        List<String> specs = TestDevices.specs();
        new Suite("threads-closing").cases(rounds * specs.size(), number -> {
            String spec = specs.get((int) (number % specs.size()));
            boolean emulated = spec.startsWith("cuda") && EmulatedDriver.present();
            if (emulated) {
                EmulatedDriver.required();
            }
            List<Long> before = emulated ? handles() : List.of();
            SplittableRandom random = new SplittableRandom(number);
            Device device = TestDevices.open(spec.equals("cpu") ? "cpu:3" : spec);
            Subjects subjects = new Subjects(device);
            int how = random.nextInt(4);
            Thread closer = new Thread(() -> {
                try {
                    Thread.sleep(0, random.nextInt(1_000_000));
                    Thread.sleep(random.nextInt(12));
                } catch (InterruptedException e) {
                    return;
                }
                if (how == 0) {
                    subjects.model.close();
                } else if (how == 1) {
                    device.close();
                } else if (how == 2) {
                    subjects.close();
                } else {
                    device.close();
                    subjects.close();
                }
            });
            closer.start();
            together(8, 5_000, number, tally, turn -> {
                String name = Subjects.names().get(turn.nextInt(Subjects.names().size()));
                try {
                    if (how != 0 && turn.nextInt(6) == 0) { // the device is closed, so training ends too
                        if (!trained.equals(train(device))) {
                            tally.wrong("trained on " + spec + ": other bits while it was closed");
                        }
                        trainings.incrementAndGet();
                    }
                    Rows got = ask(subjects.sampler(name), name.contains("traced"), turn);
                    if (got.firstDifference(oracle.get(name)) >= 0) {
                        tally.wrong(name + " on " + spec + ": other bits while it was closed");
                    }
                    tally.right(got);
                    return how != 0 || !name.contains("exact");
                } catch (ClosedException e) {
                    tally.refused.incrementAndGet();
                    return false;
                }
            });
            closer.join(TimeUnit.SECONDS.toMillis(SECONDS));
            subjects.close();
            device.close();
            assertEquals(null, tally.wrong.get(), "round " + number + " of kind " + how + " on " + spec);
            assertEquals(0, device.allocatedBytes(), "round " + number);
            assertEquals(List.of(), device.allocations().leaks());
            if (emulated) {
                assertEquals(before, handles(), "round " + number + " of kind " + how);
            }
        });
        assertTrue(tally.calls.get() > 0 && tally.refused.get() > 0, () -> tally.calls + " " + tally.refused);
        new Suite("threads")
                .reached("closed while running, " + rounds * specs.size() + " rounds of 8 threads: " + tally.calls.get()
                        + " right answers and " + trainings + " trainings, " + tally.refused.get()
                        + " refused as closed, nothing else, nothing left");
    }

    /** A model of its own, trained and told by the hash of its weights. */
    private static String train(Device device) {
        Dataset data = Dataset.of(BuiltInSet.SPIRAL.rows(2, 0, 60), "a", "b");
        try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(8, 1), data, 3, device)) {
            model.train(data, TrainSpec.steps(3).withPrecision(Precision.F32).withBatch(16));
            return Hashes.hash(model.weights());
        }
    }

    /** What is open in the emulated driver. */
    private static List<Long> handles() {
        return java.util.stream.Stream.of("bytes", "hostBytes", "streams", "events", "graphs", "modules")
                .map(EmulatedDriver::stat)
                .toList();
    }

    /** A sampler's iterator goes from thread to thread; each makes one piece. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void anIteratorHopsFromThreadToThread(Device device) throws Exception {
        Map<String, Rows> oracle = oracle();
        try (Subjects subjects = new Subjects(device)) {
            for (String name : Subjects.names()) {
                BlockingQueue<Iterator<Samples>> hand = new ArrayBlockingQueue<>(1);
                hand.put(subjects.sampler(name).iterate(0, Subjects.ROWS, 37, Subjects.SEED));
                Rows rows = new Rows(0, Subjects.ROWS);
                Tally tally = new Tally();
                together(8, 30_000, 1, tally, random -> {
                    try {
                        Iterator<Samples> mine = hand.take();
                        boolean more = mine.hasNext();
                        if (more) {
                            Samples piece = mine.next();
                            rows.put(piece, piece.run().first(), null);
                        }
                        hand.put(mine);
                        return more;
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
                assertEquals(null, tally.wrong.get());
                assertEquals(Subjects.ROWS, rows.count());
                assertEquals(oracle.get(name).hash(), rows.hash(), name);
            }
        }
        assertTrue(device.kind() != DeviceKind.CUDA || device.allocatedBytes() == 0);
    }

    /** A consumer may close the model that feeds it: it gets all its rows, later calls are refused, the weights are given back. */
    @ParameterizedTest
    @MethodSource("org.tweedie.testing.TestDevices#all")
    void aConsumerMayCloseItsModel(Device device) throws Exception {
        Map<String, Rows> oracle = oracle();
        long before = device.allocatedBytes();
        Tally tally = new Tally();
        together(1, 10_000, 1, tally, random -> {
            try (Subjects subjects = new Subjects(device)) {
                Rows rows = new Rows(0, Subjects.ROWS);
                Sampler sampler = subjects.sampler("em@5");
                boolean[] refused = new boolean[1];
                sampler.stream(0, Subjects.ROWS, Subjects.SEED, piece -> {
                    rows.put(piece, piece.run().first(), null);
                    subjects.model.close();
                    try {
                        sampler.sample(1, 1);
                    } catch (ClosedException e) {
                        refused[0] = true;
                    }
                });
                if (!refused[0] || !rows.hash().equals(oracle.get("em@5").hash())) {
                    tally.wrong("refused " + refused[0] + ", " + rows.count() + " rows");
                }
            }
            return false;
        });
        assertEquals(null, tally.wrong.get());
        assertEquals(before, device.allocatedBytes());
    }
}
