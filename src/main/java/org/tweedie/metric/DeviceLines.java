package org.tweedie.metric;

import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Sorted;
import org.tweedie.kernels.View;
import org.tweedie.rng.Purpose;

/**
 * Two samples on a device, and what it costs to take the one to the other along each of some directions: where distances by sorting get
 * their numbers. Directions and replicates go in batches of bounded memory, which change no bit. For one thread.
 */
final class DeviceLines implements AutoCloseable {
    /** Keys sorted at a time, 24 bytes each. */
    private static final int KEYS = 1 << 22;
    /** Slots of replicates at a time, 4 bytes each, and as many counts at most. */
    private static final int SLOTS = 1 << 24;

    private final Closing open = new Closing();
    private final Device device;
    private final Stream stream;
    private final long keys;
    private final long slots;

    DeviceLines(Device device) {
        this(device, KEYS, SLOTS);
    }

    DeviceLines(Device device, long keys, long slots) {
        this.device = device;
        this.stream = open.add(device.stream());
        this.keys = keys;
        this.slots = slots;
    }

    /**
     * Costs along each direction: the integral over q of {@code |x(q) - y(q)|^p}.
     *
     * @param whole [direction], of the samples
     * @param replicates [replicate][direction], of rows drawn again as {@link Bootstrap#counts} draws them
     */
    record Costs(double[] whole, double[][] replicates) {}

    /**
     * The costs.
     *
     * @param directions [direction][column]
     * @param power 1 or 2
     */
    Costs costs(Points x, Points y, double[][] directions, int power, int replicates, long seed) {
        Costs costs = new Costs(new double[directions.length], new double[replicates][directions.length]);
        try (Closing here = new Closing()) {
            DeviceBuffer centre = upload(here, centre(x, y));
            Sample of = new Sample(here, x, 0);
            Sample to = new Sample(here, y, 1);
            int lines = atMost(keys / of.both(to), directions.length);
            for (int first = 0; first < directions.length; first += lines) {
                int batch = Math.min(lines, directions.length - first);
                try (Batch some = new Batch(of, to, centre, directions, first, batch)) {
                    some.costs(power, seed, costs);
                }
            }
        }
        return costs;
    }

    private static int atMost(long wanted, int most) {
        return (int) Math.max(1, Math.min(wanted, most));
    }

    /** The mean of all rows, as f32: what is taken from it by f32 numbers of its size is exact in double. */
    private static float[] centre(Points x, Points y) {
        float[] centre = new float[x.width()];
        for (int d = 0; d < centre.length; d++) {
            double sum = 0;
            for (Points points : new Points[] {x, y}) {
                for (int i = d; i < points.values().length; i += centre.length) {
                    sum += points.values()[i];
                }
            }
            centre[d] = (float) (sum / (x.rows() + y.rows()));
        }
        return centre;
    }

    private DeviceBuffer upload(Closing until, float[] values) {
        DeviceBuffer buffer = until.add(device.allocate(Element.F32, values.length));
        stream.upload(values, 0, buffer, 0, values.length);
        return buffer;
    }

    /** Rows on the device, and the first ordinal of their draws. */
    private final class Sample {
        private final View rows;
        private final int count;
        private final int ordinal;

        Sample(Closing until, Points points, int ordinal) {
            this.rows = View.rows(upload(until, points.values()), points.width());
            this.count = points.rows();
            this.ordinal = ordinal;
        }

        long both(Sample other) {
            return (long) count + other.count;
        }
    }

    /** A sample in order along some lines, with room for slots of replicates. */
    private final class Line {
        private final Sample sample;
        private final int lines;
        private final Sorted.Keys sorted;
        private final DeviceBuffer counts;
        private final DeviceBuffer sums;
        private final DeviceBuffer slotsOf;

        Line(Closing until, Sample sample, DeviceBuffer centre, DeviceBuffer directions, int lines, int replicates) {
            this.sample = sample;
            this.lines = lines;
            long all = (long) lines * sample.count;
            this.sorted = keys(until, all);
            Sorted.project(stream, sample.rows, sample.count, centre, directions, lines, sorted.keys());
            try (Closing now = new Closing()) {
                Sorted.sort(stream, sorted, keys(now, all), sample.count, lines);
            }
            this.counts = until.add(device.allocate(Element.I32, (long) replicates * sample.count));
            long groups = (long) replicates * lines;
            this.sums = until.add(device.allocate(Element.I32, groups * Sorted.tiles(sample.count)));
            this.slotsOf = until.add(device.allocate(Element.I32, replicates * all));
        }

        private Sorted.Keys keys(Closing until, long count) {
            return new Sorted.Keys(
                    until.add(device.allocate(Element.F64, count)), until.add(device.allocate(Element.I32, count)));
        }

        Sorted.Side whole() {
            return new Sorted.Side(sorted.keys(), null, sample.count);
        }

        Sorted.Side drawn(int first, int replicates, long seed) {
            long ordinal = 2L * first + sample.ordinal;
            Sorted.draw(stream, counts, sample.count, replicates, seed, Purpose.BOOTSTRAP, ordinal, 2);
            Sorted.spread(stream, counts, sorted.rows(), sample.count, lines, replicates, sums, slotsOf);
            return new Sorted.Side(sorted.keys(), slotsOf, sample.count);
        }
    }

    /** Some directions. */
    private final class Batch implements AutoCloseable {
        private final Closing opened = new Closing();
        private final int first;
        private final int lines;
        private final int room;
        private final Line x;
        private final Line y;
        private final DeviceBuffer parts;
        private final DeviceBuffer out;

        Batch(Sample of, Sample to, DeviceBuffer centre, double[][] directions, int first, int lines) {
            this.first = first;
            this.lines = lines;
            this.room = atMost(slots / (lines * of.both(to)), Bootstrap.REPLICATES);
            int width = directions[0].length;
            double[] some = new double[lines * width];
            for (int k = 0; k < lines; k++) {
                System.arraycopy(directions[first + k], 0, some, k * width, width);
            }
            DeviceBuffer along = opened.add(device.allocate(Element.F64, some.length));
            stream.upload(some, 0, along, 0, some.length);
            this.x = new Line(opened, of, centre, along, lines, room);
            this.y = new Line(opened, to, centre, along, lines, room);
            long chunks = Sorted.tiles(Math.max(of.count, to.count));
            this.parts = opened.add(device.allocate(Element.F64, (long) room * lines * chunks));
            this.out = opened.add(device.allocate(Element.F64, (long) room * lines));
        }

        void costs(int power, long seed, Costs into) {
            Sorted.cost(stream, x.whole(), y.whole(), lines, 1, power, parts, out);
            stream.download(out, 0, into.whole, first, lines);
            double[] all = new double[room * lines];
            for (int r = 0; r < into.replicates.length; r += room) {
                int some = Math.min(room, into.replicates.length - r);
                Sorted.cost(stream, x.drawn(r, some, seed), y.drawn(r, some, seed), lines, some, power, parts, out);
                stream.download(out, 0, all, 0, some * lines);
                for (int k = 0; k < some; k++) {
                    System.arraycopy(all, k * lines, into.replicates[r + k], first, lines);
                }
            }
        }

        @Override
        public void close() {
            opened.close();
        }
    }

    @Override
    public void close() {
        open.close();
    }
}
