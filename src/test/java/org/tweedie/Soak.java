package org.tweedie;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.execution.Precision;
import org.tweedie.score.Mlp;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.VpSde;
import org.tweedie.testing.EmulatedDriver;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/**
 * Opens a device, makes a model, samples, trains at times, and closes it all, again and again. Arguments: the device, cycles, and what is
 * planted: {@code nothing}, {@code device} (a buffer of each hundredth cycle is forgotten) or {@code native} (2 MB outside of the heap are
 * kept). Prints {@code CYCLE RESIDENT DEVICE} at a hundred points: KiB that the process has in memory, and what is open on the
 * device afterwards.
 */
final class Soak {
    private static final List<Object> KEPT = new ArrayList<>();

    private Soak() {}

    public static void main(String[] arguments) throws IOException {
        String spec = arguments[0];
        int cycles = Integer.parseInt(arguments[1]);
        if (spec.startsWith("cuda") && EmulatedDriver.present()) {
            EmulatedDriver.required();
        }
        // the primary context lives on, as in a process that has another user of it; one that dies costs a real GPU
        // most of a second
        try (Device kept = Device.open(spec)) {
            int hash = 0;
            for (int cycle = 0; cycle < cycles; cycle++) {
                int now = cycle(spec, cycle, arguments[2]);
                if (hash != 0 && now != 0 && now != hash) {
                    throw new IllegalStateException("cycle " + cycle + " has other bits on " + kept.name());
                }
                hash = now == 0 ? hash : now;
                if ((cycle + 1) % Math.max(1, cycles / 100) == 0) {
                    if (cycle % 7 == 0) {
                        System.gc(); // what is only unreachable is nobody's leak
                    }
                    System.out.println((cycle + 1) + " " + resident() + " " + open(spec));
                }
            }
        }
    }

    private static int cycle(String spec, int cycle, String planted) {
        Dataset data = Dataset.of(BuiltInSet.SPIRAL.rows(2, 0, 40), "a", "b");
        Device device = Device.open(spec);
        try (ScoreModel model = ScoreModel.create(new VpSde(), Mlp.of(8, 1), data, 3, device)) {
            if (cycle % 16 == 0) {
                model.train(
                        data, TrainSpec.steps(2).withPrecision(Precision.F32).withBatch(8));
            }
            if (cycle % 100 == 50 && planted.equals("device")) {
                KEPT.add(device.allocate(Element.F32, 50_000)); // forgotten, and its device left open
                KEPT.add(device);
            } else if (cycle % 100 == 50 && planted.equals("native")) {
                ByteBuffer buffer = ByteBuffer.allocateDirect(2_000_000);
                while (buffer.hasRemaining()) {
                    buffer.put((byte) 1);
                }
                KEPT.add(buffer);
            }
            float[] rows =
                    model.sampler(MethodSpec.parse("em@2")).sample(0, 4, 1).rows();
            int hash = cycle % 16 == 0 ? 0 : Hashes.hash(rows).hashCode(); // a trained one gives other rows
            if (!KEPT.contains(device)) {
                try (DeviceBuffer pinned = device.allocate(Element.F32, 10);
                        var page = device.pinned(Element.F32, 10);
                        var stream = device.stream();
                        var event = device.event()) {
                    stream.uploadAsync(page, 0, pinned, 0, 10);
                    stream.record(event);
                    stream.synchronize();
                }
            }
            return hash;
        } finally {
            if (!KEPT.contains(device)) {
                device.close();
            }
        }
    }

    /** KiB of this process in memory. */
    private static long resident() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("no VmRSS");
    }

    /** Bytes and handles in the driver; 0 on the host, whose memory is the heap. */
    private static long open(String spec) {
        if (spec.startsWith("cpu") || !EmulatedDriver.present()) {
            return KEPT.stream()
                    .filter(kept -> kept instanceof Device)
                    .mapToLong(kept -> ((Device) kept).allocatedBytes())
                    .sum();
        }
        long handles = 0;
        for (String kind : List.of("streams", "events", "graphs", "execs", "allocations", "modules")) {
            handles += EmulatedDriver.stat(kind);
        }
        return EmulatedDriver.stat("bytes") + EmulatedDriver.stat("hostBytes") + handles;
    }
}
