package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceException;
import org.tweedie.device.DeviceKind;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.Precision;
import org.tweedie.io.CheckpointDirectory;
import org.tweedie.io.FileActions;
import org.tweedie.io.ReadLimits;
import org.tweedie.plan.Space;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Mlp;
import org.tweedie.sde.EulerMaruyama;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.Sde;
import org.tweedie.sde.SubVpSde;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.Depth;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.testing.OtherJava;
import org.tweedie.testing.Suite;
import org.tweedie.testing.TestDevices;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;

/** D0 and D1 of docs/reproducibility.md: one hash, however the work is cut, run, disturbed and repeated, and by whichever Java. */
@Tag("bits")
class BitsTest {
    @TempDir
    Path folder;

    @AfterEach
    void asBefore() {
        if (EmulatedDriver.present()) {
            EmulatedDriver.required();
            EmulatedDriver.reset();
            EmulatedDriver.streams("eager", 0);
        }
    }

    /** How one setting asks for the rows of a subject. */
    private record Setting(
            String device, String subject, @Nullable String execution, String cut, int threads, String trouble) {
        static Setting of(long number, List<String> devices) {
            SplittableRandom random = new SplittableRandom(number * 7919 + 1);
            String device = pick(random, devices);
            boolean cuda = device.startsWith("cuda");
            String subject =
                    Subjects.names().get((int) (number % Subjects.names().size()));
            List<String> executions = new ArrayList<>(List.of("stepwise", "any"));
            if (!cuda) {
                executions.add("fused");
            }
            if (!subject.contains("traced")) {
                executions.add("graph");
            }
            String execution = pick(random, executions);
            List<String> troubles = new ArrayList<>(List.of("none", "cancelled"));
            if (cuda && EmulatedDriver.present()) {
                troubles.addAll(List.of("no memory", "reverse", "random", "late", "random streams"));
            }
            return new Setting(
                    device,
                    subject,
                    execution.equals("any") ? null : execution,
                    pick(random, List.of("whole", "pieces", "shuffled", "scattered", "streamed", "into", "twice")),
                    pick(random, List.of(1, 1, 2, 5)),
                    pick(random, troubles));
        }
    }

    private static <T> T pick(SplittableRandom random, List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private static List<String> devices() {
        List<String> devices = new ArrayList<>(List.of("cpu:1", "cpu:2", "cpu:3", "cpu:7"));
        for (String spec : TestDevices.specs()) {
            if (spec.startsWith("cuda")) {
                devices.addAll(List.of(spec, spec, spec)); // about as often as the host
            }
        }
        return devices;
    }

    @Test
    void oneHashHoweverTheRowsAreAskedFor() throws Exception {
        long count = Depth.of(12, 50, 500);
        Map<String, Integer> met = new TreeMap<>();
        Map<String, Map<String, String>> known = new HashMap<>();
        Map<String, Subjects> open = new HashMap<>();
        List<Device> devices = new ArrayList<>();
        try {
            new Suite("bits-sampling").cases(count, number -> {
                Setting setting = Setting.of(number, devices());
                Subjects subjects = open.get(setting.device);
                if (subjects == null) {
                    devices.add(TestDevices.open(setting.device));
                    subjects = new Subjects(devices.get(devices.size() - 1));
                    open.put(setting.device, subjects);
                }
                Map<String, String> oracle =
                        known.computeIfAbsent(kind(subjects.device), kind -> new LinkedHashMap<>());
                if (oracle.isEmpty()) {
                    subjects.oracle().forEach((name, rows) -> oracle.put(name, rows.hash()));
                }
                String hash = hash(setting, subjects, number);
                assertEquals(oracle.get(setting.subject), hash, () -> "setting " + number + ": " + setting);
                for (String word : List.of(
                        kind(subjects.device),
                        String.valueOf(setting.execution),
                        setting.cut,
                        setting.threads + " threads",
                        setting.trouble)) {
                    met.merge(word, 1, Integer::sum);
                }
            });
        } finally {
            open.values().forEach(Subjects::close);
            devices.forEach(Device::close);
        }
        if (known.size() > 1 && known.containsKey("EMULATED")) {
            assertEquals(known.get("HOST"), known.get("EMULATED"), "host and emulated GPU");
        }
        if (Depth.now() != Depth.PLAIN) {
            List<String> wanted = new ArrayList<>(
                    List.of("fused", "graph", "stepwise", "pieces", "shuffled", "streamed", "twice", "cancelled"));
            if (EmulatedDriver.present()) {
                wanted.addAll(List.of("EMULATED", "no memory", "reverse", "random", "late"));
            }
            assertTrue(met.keySet().containsAll(wanted), () -> "not met: " + wanted + " in " + met);
            assertTrue(HIT.containsKey("cancelled"), "nothing was cancelled in the middle");
            assertTrue(
                    !EmulatedDriver.present()
                            || HIT.containsKey("allocations refused")
                                    && HIT.get("allocations refused").get() > 0,
                    "memory was never refused");
        }
        new Suite("bits")
                .reached(count + " settings, one hash for each of "
                        + Subjects.names().size() + " samplers; met " + met + ", hit " + HIT);
    }

    private static String kind(Device device) {
        return device.kind().name();
    }

    private static String hash(Setting setting, Subjects subjects, long number) throws InterruptedException {
        Sampler plain = subjects.sampler(setting.subject);
        Sampler sampler = setting.execution == null ? plain : plain.execution(setting.execution);
        boolean emulated = subjects.device.kind() == DeviceKind.EMULATED;
        if (emulated) {
            EmulatedDriver.required();
            EmulatedDriver.schedule(
                    List.of("reverse", "random").contains(setting.trouble) ? setting.trouble : "forward", number);
            EmulatedDriver.streams(
                    List.of("late", "random streams").contains(setting.trouble)
                            ? setting.trouble.split(" ")[0]
                            : "eager",
                    number);
        }
        long refused = emulated ? EmulatedDriver.stat("injected") : 0;
        Rows rows = new Rows(0, Subjects.ROWS);
        AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < setting.threads; t++) {
            int from = t * Subjects.ROWS / setting.threads;
            int to = (t + 1) * Subjects.ROWS / setting.threads;
            SplittableRandom random = new SplittableRandom(31 * number + t);
            Thread thread = new Thread(() -> {
                try {
                    ask(sampler, setting, from, to, random, rows);
                } catch (Throwable e) {
                    thrown.compareAndSet(null, e);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        if (emulated) {
            if (setting.trouble.equals("no memory")) {
                HIT.computeIfAbsent("allocations refused", what -> new AtomicLong())
                        .addAndGet(EmulatedDriver.stat("injected") - refused);
            }
            EmulatedDriver.reset();
            EmulatedDriver.streams("eager", 0);
        }
        if (thrown.get() != null) {
            throw new AssertionError("setting " + number + ": " + setting, thrown.get());
        }
        assertEquals(Subjects.ROWS, rows.count(), setting::toString);
        return rows.hash();
    }

    /** Asks for rows {@code [from, to)} as the setting says, and again after whatever went wrong. */
    private static void ask(Sampler sampler, Setting setting, int from, int to, SplittableRandom random, Rows rows) {
        if (setting.trouble.equals("cancelled")) {
            CancelToken cancel = new CancelToken();
            try {
                sampler.cancel(cancel)
                        .progress((done, total, seconds) -> cancel.cancel())
                        .sample(from, to - from, Subjects.SEED);
            } catch (CancellationException e) {
                HIT.computeIfAbsent("cancelled", what -> new AtomicLong()).incrementAndGet(); // asked again below
            }
        }
        for (int attempt = 0; ; attempt++) {
            if (setting.trouble.equals("no memory") && attempt < 6) {
                // some allocation fails: of few rows, and the call splits; or of what it cannot do without, and it is
                // asked again
                EmulatedDriver.fail("cuMemAlloc_v2", 1 + random.nextInt(12), 2, false);
            }
            try {
                once(sampler, setting, from, to, random, rows);
                return;
            } catch (DeviceException e) {
                if (!setting.trouble.equals("no memory")) {
                    throw e;
                }
            }
        }
    }

    /** What the troubles did: a trouble that never hit proves nothing. */
    private static final Map<String, AtomicLong> HIT = new ConcurrentHashMap<>();

    private static void once(Sampler sampler, Setting setting, int from, int to, SplittableRandom random, Rows rows) {
        long seed = Subjects.SEED;
        switch (setting.cut) {
            case "pieces" -> pieces(sampler.iterate(from, to - from, 1 + random.nextInt(700), seed), rows);
            case "shuffled" -> {
                List<Integer> order = new ArrayList<>();
                for (int i = from; i < to; i++) {
                    order.add(i);
                }
                Collections.shuffle(order, new Random(random.nextLong()));
                for (int at = 0; at < order.size(); ) {
                    int many = Math.min(order.size() - at, 1 + random.nextInt(800));
                    put(
                            sampler,
                            order.subList(at, at + many).stream()
                                    .mapToLong(i -> i)
                                    .toArray(),
                            rows);
                    at += many;
                }
            }
            case "scattered" -> { // backwards, every third, and the rest
                for (int phase = 0; phase < 3; phase++) {
                    List<Long> indices = new ArrayList<>();
                    for (int i = to - 1 - phase; i >= from; i -= 3) {
                        indices.add((long) i);
                    }
                    put(sampler, indices.stream().mapToLong(i -> i).toArray(), rows);
                }
            }
            case "streamed" -> sampler.stream(from, to - from, seed, piece -> put(piece, rows));
            case "twice" -> {
                int middle = from + random.nextInt(to - from);
                put(sampler.sample(from, middle - from, seed), rows);
                put(sampler.sample(middle / 2 + from / 2, to - middle / 2 - from / 2, seed), rows);
                put(sampler.sample(from, to - from, seed), rows);
            }
            case "into" -> {
                if (setting.subject.contains("traced")) {
                    put(sampler.sample(from, to - from, seed), rows);
                } else {
                    int width = sampler.sample(0, 0, seed).width();
                    float[] into = new float[(to - from) * width + 3];
                    sampler.sampleInto(into, 3, from, to - from, seed);
                    synchronized (rows) {
                        rows.put(into, 3, width, from, to - from);
                    }
                }
            }
            default -> put(sampler.sample(from, to - from, seed), rows);
        }
    }

    private static void pieces(Iterator<Samples> pieces, Rows rows) {
        while (pieces.hasNext()) {
            put(pieces.next(), rows);
        }
    }

    private static void put(Sampler sampler, long[] indices, Rows rows) {
        Samples samples = sampler.sample(indices, Subjects.SEED);
        synchronized (rows) {
            rows.put(samples, 0, indices);
        }
    }

    private static void put(Samples samples, Rows rows) {
        synchronized (rows) {
            rows.put(samples, samples.run().first(), null);
        }
    }

    /** The comparison bites: a sum whose order follows from the number of threads. */
    @Test
    void aSumThatDependsOnThreadsIsCaught() throws Exception {
        Sde vp = new VpSde().on(Space.euclidean(2));
        Field score = new Field(vp);
        assertEquals(score.hash("cpu:1", true), score.hash("cpu:1", true));
        assertNotEquals(score.hash("cpu:1", true), score.hash("cpu:3", true));
        assertEquals(score.hash("cpu:1", false), score.hash("cpu:3", false));
    }

    private record Field(Sde vp) {
        String hash(String spec, boolean planted) {
            var exact = new GaussianMixtureScore(
                    new GaussianMixture(new double[] {1}, new double[][] {{0, 0}}, new double[][][] {{{1, 0}, {0, 1}}}),
                    vp);
            try (Device device = Device.open(spec)) {
                Sampler sampler = Sampler.of(device, vp, planted ? new ThreadedSum(exact) : exact, new EulerMaruyama())
                        .steps(3)
                        .execution("stepwise");
                return new Rows(0, 9).put(sampler.sample(0, 9, 1), 0, null).hash();
            }
        }
    }

    /** Trains to the same weights with any number of threads, stopped and gone on with anywhere, on another device of the kind. */
    @Test
    void oneHashHoweverTrainingIsRun() throws Exception {
        long count = Depth.of(4, 16, 160);
        Map<String, Integer> met = new TreeMap<>();
        Map<String, String> known = new HashMap<>();
        List<String> specs = devices();
        new Suite("bits-training").cases(count, number -> {
            SplittableRandom random = new SplittableRandom(number * 104_729 + 5);
            String first = pick(random, specs);
            boolean cuda = first.startsWith("cuda");
            String name = number % 2 == 0 ? "plain" : "given";
            String key = name + (cuda ? " cuda" : " host");
            String expected = known.get(key);
            if (expected == null) {
                expected = train(name, List.of(cuda ? first : "cpu:1"), new int[0], folder.resolve(key));
                known.put(key, expected);
            }
            int stops = random.nextInt(4);
            int[] at = random.ints(stops, 1, 20).sorted().distinct().toArray();
            List<String> devices = new ArrayList<>();
            for (int i = 0; i <= at.length; i++) {
                devices.add(cuda ? first : pick(random, specs.subList(0, 4)));
            }
            if (cuda && EmulatedDriver.present()) {
                EmulatedDriver.required();
                EmulatedDriver.schedule(pick(random, List.of("forward", "reverse", "random")), number);
                EmulatedDriver.streams(pick(random, List.of("eager", "late", "random")), number);
            }
            String hash = train(name, devices, at, folder.resolve("case" + number));
            if (cuda && EmulatedDriver.present()) {
                EmulatedDriver.reset();
                EmulatedDriver.streams("eager", 0);
            }
            assertEquals(
                    expected,
                    hash,
                    "case " + number + ": " + name + " on " + devices + ", stopped at " + Arrays.toString(at));
            met.merge(cuda ? "cuda" : "host", 1, Integer::sum);
            met.merge(at.length + " stops", 1, Integer::sum);
        });
        if (EmulatedDriver.present() && known.containsKey("plain cuda") && known.containsKey("plain host")) {
            assertEquals(known.get("plain host"), known.get("plain cuda"), "host and emulated GPU");
        }
        new Suite("bits").reached(count + " trainings, one hash for each of two models; met " + met);
    }

    /** Trains in as many runs as there are devices, each stopped at its step and gone on with from its checkpoint. */
    private static String train(String name, List<String> devices, int[] stops, Path folder) throws Exception {
        Dataset data;
        if (name.equals("given")) {
            float[] rows = new float[3 * 150];
            for (int i = 0; i < 150; i++) {
                rows[3 * i] = i % 13;
                rows[3 * i + 1] = (i * 7) % 17;
                rows[3 * i + 2] = i % 4;
            }
            data = Dataset.of(rows, "a", "b", "kind").given("y", "kind");
        } else {
            data = Dataset.of(BuiltInSet.MOONS.rows(1, 0, 100), "u", "v");
        }
        TrainSpec spec = TrainSpec.steps(20)
                .withPrecision(Precision.F32)
                .withBatch(name.equals("given") ? 61 : 300)
                .withCheckpointEvery(1);
        for (int run = 0; run < devices.size(); run++) {
            int stop = run < stops.length ? stops[run] : 20;
            CancelToken cancel = new CancelToken();
            try (Device device = TestDevices.open(devices.get(run));
                    ScoreModel model = ScoreModel.create(
                            name.equals("given") ? new SubVpSde() : new VpSde(), Mlp.of(16, 2), data, 7, device);
                    CheckpointDirectory into = CheckpointDirectory.open(folder, 2, FileActions.disk())) {
                TrainResult result = model.train(
                        data,
                        spec,
                        new TrainListener() {
                            @Override
                            public void at(Progress progress) {}

                            @Override
                            public void saved(long step, Path file) {
                                if (step >= stop && stop < 20) {
                                    cancel.cancel();
                                }
                            }
                        },
                        cancel,
                        into,
                        run > 0);
                if (run == devices.size() - 1) {
                    assertEquals(20, result.step());
                    var last = CheckpointDirectory.newest(folder, ReadLimits.defaults(), line -> {})
                            .orElseThrow();
                    assertEquals(20, last.step());
                    return Hashes.hash(model.weights()) + " " + result.smoothLoss() + " "
                            + result.curve().steps();
                }
                assertEquals(stop, result.step(), "stopped where it should");
            }
        }
        throw new IllegalStateException("no device");
    }

    /** One way to start a JVM. */
    private record Jvm(Path home, List<String> options) {
        @Override
        public String toString() {
            return home.getFileName() + " " + String.join(" ", options);
        }
    }

    private static final List<String> VECTOR = List.of("--add-modules", "jdk.incubator.vector");
    private static final List<String> PLAIN = List.of("-Dtweedie.simd=plain");

    private static List<String> options(List<String> simd, String... more) {
        List<String> options = new ArrayList<>(simd);
        options.add("-Xmx256m");
        options.addAll(List.of(more));
        return options;
    }

    /** Vectors of every width and none, threads, compilers: a few, a pair of each, or all with all. */
    private static List<List<String>> settings() {
        String one = "-XX:ActiveProcessorCount=1";
        String five = "-XX:ActiveProcessorCount=5";
        List<List<String>> settings =
                new ArrayList<>(List.of(options(VECTOR, five), options(List.of(), one, "-XX:TieredStopAtLevel=1")));
        if (Depth.now() == Depth.PLAIN) {
            return settings;
        }
        settings.addAll(List.of(
                options(PLAIN, five),
                options(VECTOR, one, "-XX:TieredStopAtLevel=1"),
                options(VECTOR, "-XX:ActiveProcessorCount=2", "-Xint"),
                options(List.of(), five, "-Xint"),
                options(VECTOR, five, "-XX:UseAVX=2"),
                options(VECTOR, "-XX:ActiveProcessorCount=3", "-XX:UseAVX=1"),
                options(VECTOR, one, "-XX:UseAVX=0")));
        if (Depth.now() == Depth.LONG) {
            for (List<String> simd : List.of(VECTOR, PLAIN, List.<String>of())) {
                for (String threads : List.of(one, "-XX:ActiveProcessorCount=2", five, "-XX:ActiveProcessorCount=16")) {
                    for (String compiler : List.of(
                            "-XX:+TieredCompilation",
                            "-XX:-TieredCompilation",
                            "-XX:TieredStopAtLevel=1",
                            "-Xint",
                            "-Xcomp")) {
                        settings.add(options(simd, threads, compiler));
                    }
                }
            }
        }
        return settings;
    }

    @Test
    void oneHashByWhicheverJava() throws Exception {
        List<Path> homes = new ArrayList<>(List.of(OtherJava.own()));
        Optional<Path> newest = OtherJava.newest();
        if (newest.isPresent()) {
            homes.add(newest.get());
        } else if (Depth.now() != Depth.PLAIN) {
            fail("no JDK 25 to compare with: set JAVA_HOME_25");
        }
        List<Jvm> jvms = new ArrayList<>();
        List<List<String>> settings = settings();
        if (Depth.now() == Depth.PLAIN) { // the first setting on one Java, the second on the other
            jvms.add(new Jvm(homes.get(0), settings.get(0)));
            jvms.add(new Jvm(homes.get(homes.size() - 1), settings.get(1)));
        } else {
            settings.forEach(options -> homes.forEach(home -> jvms.add(new Jvm(home, options))));
        }
        List<String> expected = new ArrayList<>();
        Map<String, Integer> met = new TreeMap<>();
        new Suite("bits-java").cases(jvms.size(), number -> {
            List<String> said = hashes(jvms.get((int) number));
            if (expected.isEmpty()) {
                expected.addAll(number == 0 ? said : hashes(jvms.get(0)));
            }
            assertEquals(
                    String.join("\n", expected.subList(0, expected.size() - 1)),
                    String.join("\n", said.subList(0, said.size() - 1)),
                    () -> jvms.get((int) number).toString());
            String[] who = said.get(said.size() - 1).split(", ");
            met.merge(who[0] + " " + who[2], 1, Integer::sum);
        });
        assertEquals(2 + Subjects.names().size(), expected.size() - 1, "hashes");
        assertTrue(
                Depth.now() != Depth.CI || met.size() == 4 || Runtime.version().feature() >= 25,
                () -> "vectors and plain loops on each of two Javas: " + met);
        new Suite("bits").reached("normals, weights and samples of " + jvms.size() + " JVMs, one hash each; " + met);
    }

    private static List<String> hashes(Jvm jvm, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(more.length == 0 ? "60" : "5"));
        arguments.addAll(List.of(more));
        List<String> said = new ArrayList<>(
                OtherJava.run(jvm.home, jvm.options, Hashes.class, 900, arguments.toArray(String[]::new)));
        said.removeIf(line -> line.startsWith("WARNING"));
        return said;
    }

    /** The comparison of JVMs bites. */
    @Test
    void aSumThatDependsOnTheMachineIsCaught() throws Exception {
        List<String> one = hashes(new Jvm(OtherJava.own(), options(PLAIN, "-XX:ActiveProcessorCount=1")), "planted");
        List<String> five = hashes(new Jvm(OtherJava.own(), options(PLAIN, "-XX:ActiveProcessorCount=5")), "planted");
        assertNotEquals(one.get(one.size() - 2), five.get(five.size() - 2), "the planted sum");
        assertEquals(one.subList(0, one.size() - 2), five.subList(0, five.size() - 2), "all else");
    }
}
