package org.tweedie.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import jcuda.driver.CUcontext;
import jcuda.driver.JCudaDriver;
import org.tweedie.device.CudaStatus;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceUnavailableException;
import org.tweedie.testing.EmulatedDriver;

/** Runs a scenario with and without a fault, on a device of its own each time, and writes down what was seen. */
final class Rig implements AutoCloseable {
    private static final List<String> COUNTERS =
            List.of("bytes", "allocations", "hostBytes", "streams", "events", "graphs", "execs", "modules", "contexts");

    private final Scenario whole;
    private Scenario scenario;
    private final Path directory;
    /** What was open before: what one fault left behind is not held against the next. */
    private Map<String, Long> was = Map.of();

    private final List<String> logged = new ArrayList<>();
    /** Kept: the logging system holds its loggers weakly. */
    private final Logger logger = Logger.getLogger("org.tweedie");

    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord record) {
            logged.add(record.getLevel() + " " + record.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    Rig(Scenario scenario, Path directory) {
        this.whole = scenario;
        this.scenario = scenario;
        this.directory = directory;
        handler.setLevel(Level.INFO);
        logger.setUseParentHandlers(false);
        logger.addHandler(handler);
    }

    /** From now on with a mistake in how it takes a fault. */
    void plant(Plants mistake) {
        scenario = mistake.in(whole);
    }

    /** A run without a fault, from nothing. */
    Outcome reference(Injection.Mode mode) {
        clear();
        set(mode);
        return run();
    }

    /** How often the reference calls each entry point. */
    Map<String, Long> counts(List<String> symbols, Injection.Mode mode) {
        Map<String, Long> before = stats(symbols);
        Outcome outcome = reference(mode);
        if (outcome.thrown() != null) {
            throw new IllegalStateException("the scenario fails without a fault: " + outcome, outcome.thrown());
        }
        Map<String, Long> counts = stats(symbols);
        counts.replaceAll((symbol, count) -> count - before.get(symbol));
        return Outcome.open(counts);
    }

    /** A run from nothing with a fault, a second one after it, and what is to be said of both. */
    Verdict judge(Injection injection, String bits) {
        clear();
        set(injection.mode());
        was = stats(COUNTERS);
        long before = EmulatedDriver.stat("injected");
        EmulatedDriver.fail(injection.call(), injection.nth(), injection.fault().code, injection.persistent());
        Outcome hit = run();
        long fired = EmulatedDriver.stat("injected") - before;
        EmulatedDriver.reset();
        // a thread that could not be given its context back is given it by its owner: here it had none
        JCudaDriver.cuCtxSetCurrent(new CUcontext());
        set(injection.mode());
        Outcome again = run();
        return Verdict.of(
                injection,
                new Outcome(hit.thrown(), hit.bits(), fired, hit.logged(), hit.leaks(), hit.held(), hit.left()),
                again,
                bits);
    }

    private static void set(Injection.Mode mode) {
        System.setProperty("tweedie.sync", Boolean.toString(mode == Injection.Mode.SYNC));
        EmulatedDriver.streams(mode == Injection.Mode.LATE ? "late" : "eager", 0);
    }

    private static Map<String, Long> stats(List<String> names) {
        Map<String, Long> stats = new LinkedHashMap<>();
        names.forEach(name -> stats.put(name, EmulatedDriver.stat(name)));
        return stats;
    }

    private Outcome run() {
        logged.clear();
        Throwable thrown = null;
        String digest = null;
        List<String> leaks = List.of();
        Map<String, Long> held = Map.of();
        try {
            String reason = CudaStatus.probe().reason().orElse(null);
            if (reason != null) {
                throw new DeviceUnavailableException(reason);
            }
            Device device = Device.open("cuda:0");
            try {
                Bits bits = new Bits();
                scenario.run(device, directory, bits);
                digest = bits.text();
            } catch (Throwable e) {
                thrown = e;
            }
            leaks = device.allocations().leaks();
            held = open();
            device.close();
        } catch (Throwable e) {
            if (thrown == null) {
                thrown = e;
            } else {
                logged.add("WARNING closing threw " + e);
            }
        }
        return new Outcome(thrown, digest, 0, List.copyOf(logged), leaks, held, open());
    }

    private Map<String, Long> open() {
        Map<String, Long> open = stats(COUNTERS);
        open.replaceAll((name, count) -> count - was.getOrDefault(name, 0L));
        return open;
    }

    private void clear() {
        clear(directory);
    }

    /** Removes all that is in a directory. */
    static void clear(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                if (!file.equals(directory)) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        clear();
        logger.removeHandler(handler);
    }
}
