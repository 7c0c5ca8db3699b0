package org.tweedie.kernels;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.SlotTwins;
import org.tweedie.kernels.host.SortTwins;
import org.tweedie.rng.Purpose;

/**
 * Transport between samples on many lines at once (kernels/metric/sorted.cu): rows projected on lines and put in order, rows drawn again, and the integral
 * of |x(q) - y(q)|^p over both quantile functions, of the samples or of what was drawn. Keys, costs and their sums are double, all in one order,
 * so that no launch shape and no device changes a bit. Stateless; any thread.
 */
public final class Sorted {
    /** x, stride, count, width, centre, directions, lines, keys. */
    public static final KernelEntry PROJECT = KernelEntry.of(
            "sorted_project_f64",
            SortTwins::project,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I64,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER);

    /** keys, count, lines, keys out, rows out. */
    public static final KernelEntry TILES = KernelEntry.of(
            "sorted_tiles_f64",
            SortTwins::tiles,
            Parameter.POINTER,
            Parameter.I64,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.POINTER);

    /** keys, rows, count, lines, run, keys out, rows out. */
    public static final KernelEntry MERGE = KernelEntry.of(
            "sorted_merge_f64",
            SortTwins::merge,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I64,
            Parameter.I32,
            Parameter.I64,
            Parameter.POINTER,
            Parameter.POINTER);

    /** counts, count, replicates, seed, purpose, ordinal, apart. */
    public static final KernelEntry DRAW = KernelEntry.of(
            "sorted_draw_i32",
            SlotTwins::draw,
            Parameter.POINTER,
            Parameter.I64,
            Parameter.I32,
            Parameter.I64,
            Parameter.I32,
            Parameter.I64,
            Parameter.I32);

    /** counts, rows, count, lines, replicates, sums. */
    public static final KernelEntry SUMS = KernelEntry.of(
            "sorted_sums_i32",
            SlotTwins::sums,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I64,
            Parameter.I32,
            Parameter.I32,
            Parameter.POINTER);

    /** counts, rows, sums, count, lines, replicates, slots. */
    public static final KernelEntry SPREAD = KernelEntry.of(
            "sorted_spread_i32",
            SlotTwins::spread,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I64,
            Parameter.I32,
            Parameter.I32,
            Parameter.POINTER);

    /** x, its slots, n, y, its slots, m, lines, replicates, power, parts. */
    public static final KernelEntry COST = KernelEntry.of(
            "sorted_cost_f64",
            SlotTwins::cost,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I64,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I64,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.POINTER);

    /** parts, chunks, items, mass, out. */
    public static final KernelEntry COST_FINISH = KernelEntry.of(
            "sorted_cost_finish_f64",
            SlotTwins::costFinish,
            Parameter.POINTER,
            Parameter.I64,
            Parameter.I64,
            Parameter.F64,
            Parameter.POINTER);

    /** Keys that a block sorts, ranks and slots that a warp takes. */
    private static final int TILE = 1024;

    private static final int THREADS = 256;
    private static final int WARP = 32;

    private Sorted() {}

    /** Tiles of so many rows: numbers a line and replicate of the scratch of {@link #spread} and {@link #cost}. */
    public static long tiles(long count) {
        return (count + TILE - 1) / TILE;
    }

    /**
     * Queues {@code keys[l][i] = sum_d directions[l][d] (x[i][d] - centre[d])}, each operation in double.
     *
     * @param count rows of x
     * @param centre F32, a number a column: near the mean, so that a far one costs no digit
     * @param directions F64, [lines][width]
     * @param keys F64, [lines][count]
     */
    public static void project(
            Stream stream,
            View x,
            long count,
            DeviceBuffer centre,
            DeviceBuffer directions,
            int lines,
            DeviceBuffer keys) {
        if (count < 0 || count > Integer.MAX_VALUE || (x.stride() > 0 && count > Grid.capacity(x))) {
            throw new IllegalArgumentException(
                    count + " rows do not fit a buffer of " + Grid.capacity(x) + ", or are more than 2^31 - 1");
        }
        require(centre, Element.F32, x.width(), "centre");
        require(directions, Element.F64, (long) lines * x.width(), "directions");
        require(keys, Element.F64, lines * count, "keys");
        Arguments arguments = new Arguments(PROJECT);
        x.into(arguments).i32(x.stride()).i64(count).i32(x.width());
        arguments.buffer(centre).buffer(directions).i32(lines).buffer(keys);
        stream.launch(stream.device().kernel(PROJECT), Grid.items(lines * count, THREADS), arguments);
    }

    /** Lines of keys and the row of each key, [lines][count]: F64 and I32. Immutable. */
    public record Keys(DeviceBuffer keys, DeviceBuffer rows) {
        void require(long count) {
            Sorted.require(keys, Element.F64, count, "keys");
            Sorted.require(rows, Element.I32, count, "rows of keys");
        }
    }

    /**
     * Queues the sorting of each line, by key and then by row; which rows there were before is not read.
     *
     * @param keys without NaN; sorted when it is done, with the row of each in its line
     * @param spare as large, other memory; what it holds afterwards is of no use
     */
    public static void sort(Stream stream, Keys keys, Keys spare, long count, int lines) {
        keys.require(lines * count);
        spare.require(lines * count);
        int passes = 0;
        for (long run = TILE; run < count; run *= 2) {
            passes++;
        }
        Keys from = passes % 2 == 0 ? keys : spare;
        Keys into = passes % 2 == 0 ? spare : keys;
        LaunchShape shape = LaunchShape.blocks(Math.max(1, Math.min(lines * tiles(count), Grid.MOST)), 1, THREADS, 0);
        Arguments tiles = new Arguments(TILES)
                .buffer(keys.keys)
                .i64(count)
                .i32(lines)
                .buffer(from.keys)
                .buffer(from.rows);
        stream.launch(stream.device().kernel(TILES), shape, tiles);
        for (long run = TILE; run < count; run *= 2) {
            Arguments merge = new Arguments(MERGE)
                    .buffer(from.keys)
                    .buffer(from.rows)
                    .i64(count)
                    .i32(lines)
                    .i64(run)
                    .buffer(into.keys)
                    .buffer(into.rows);
            stream.launch(stream.device().kernel(MERGE), shape, merge);
            Keys last = from;
            from = into;
            into = last;
        }
    }

    /**
     * Queues {@code counts[r][i]}, how often row i is among {@code count} rows drawn with replacement by the words of sample 0 of the ordinal
     * {@code first + r apart}.
     *
     * @param count at least 1, and at most 2^26: a draw has so many words
     * @param counts I32, [replicates][count]
     */
    public static void draw(
            Stream stream,
            DeviceBuffer counts,
            long count,
            int replicates,
            long seed,
            Purpose purpose,
            long first,
            int apart) {
        if (count < 1 || count > 1 << 26) {
            throw new IllegalArgumentException("rows to draw from must be 1 to 2^26, got " + count);
        }
        require(counts, Element.I32, replicates * count, "counts");
        stream.zero(counts, 0, replicates * count);
        Arguments arguments = new Arguments(DRAW)
                .buffer(counts)
                .i64(count)
                .i32(replicates)
                .i64(seed)
                .i32(purpose.code())
                .i64(first)
                .i32(apart);
        stream.launch(stream.device().kernel(DRAW), Grid.items((count + 3) / 4 * replicates, THREADS), arguments);
    }

    /**
     * Queues {@code slots[r][l][s]}, the rank, in line l, of the row that has slot s when each counts as replicate r says.
     *
     * @param counts I32, [replicates][count], at least 0, count in all of each replicate
     * @param rows I32, [lines][count]: those of sorted keys
     * @param sums I32, scratch of [replicates][lines][{@link #tiles}]
     * @param slots I32, [replicates][lines][count]
     */
    public static void spread(
            Stream stream,
            DeviceBuffer counts,
            DeviceBuffer rows,
            long count,
            int lines,
            int replicates,
            DeviceBuffer sums,
            DeviceBuffer slots) {
        long groups = (long) replicates * lines;
        require(counts, Element.I32, replicates * count, "counts");
        require(rows, Element.I32, lines * count, "rows");
        require(sums, Element.I32, groups * tiles(count), "sums");
        require(slots, Element.I32, groups * count, "slots");
        Arguments first = new Arguments(SUMS)
                .buffer(counts)
                .buffer(rows)
                .i64(count)
                .i32(lines)
                .i32(replicates)
                .buffer(sums);
        stream.launch(stream.device().kernel(SUMS), Grid.items(WARP * groups * tiles(count), THREADS), first);
        Arguments then = new Arguments(SPREAD)
                .buffer(counts)
                .buffer(rows)
                .buffer(sums)
                .i64(count)
                .i32(lines)
                .i32(replicates)
                .buffer(slots);
        stream.launch(stream.device().kernel(SPREAD), Grid.items(WARP * groups * tiles(count), THREADS), then);
    }

    /**
     * A sample in order on each line. Immutable.
     *
     * @param keys F64, [lines][count]
     * @param slots I32, [replicates][lines][count], or null where each row counts once
     */
    public record Side(DeviceBuffer keys, @Nullable DeviceBuffer slots, long count) {
        private void require(int lines, int replicates) {
            if (count < 1 || count > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("a sample must have 1 to 2^31 - 1 rows, got " + count);
            }
            Sorted.require(keys, Element.F64, lines * count, "keys");
            if (slots != null) {
                Sorted.require(slots, Element.I32, (long) replicates * lines * count, "slots");
            }
        }

        private Arguments into(Arguments arguments) {
            return arguments.buffer(keys).buffer(slots).i64(count);
        }
    }

    /**
     * Queues {@code out[r][l]}, the integral over q in [0, 1] of {@code |x(q) - y(q)|^power} in line l for replicate r.
     *
     * @param power 1 or 2
     * @param parts F64, scratch of [replicates][lines][{@link #tiles} of the larger sample]
     * @param out F64, [replicates][lines]
     */
    public static void cost(
            Stream stream, Side x, Side y, int lines, int replicates, int power, DeviceBuffer parts, DeviceBuffer out) {
        if (power != 1 && power != 2) {
            throw new IllegalArgumentException("the power of a transport cost must be 1 or 2 here, got " + power);
        }
        x.require(lines, replicates);
        y.require(lines, replicates);
        Side larger = x.count >= y.count ? x : y;
        Side smaller = x.count >= y.count ? y : x;
        long chunks = tiles(larger.count);
        long groups = (long) replicates * lines;
        require(parts, Element.F64, groups * chunks, "parts");
        require(out, Element.F64, groups, "costs");
        Arguments cost = smaller.into(larger.into(new Arguments(COST)))
                .i32(lines)
                .i32(replicates)
                .i32(power)
                .buffer(parts);
        stream.launch(stream.device().kernel(COST), Grid.items(WARP * groups * chunks, THREADS), cost);
        Arguments finish = new Arguments(COST_FINISH)
                .buffer(parts)
                .i64(chunks)
                .i64(groups)
                .f64((double) x.count * y.count)
                .buffer(out);
        stream.launch(stream.device().kernel(COST_FINISH), Grid.items(WARP * groups, THREADS), finish);
    }

    private static void require(DeviceBuffer buffer, Element element, long count, String what) {
        if (buffer.element() != element || buffer.count() < count) {
            throw new IllegalArgumentException(what + " must be " + count + " " + element + ", got a buffer of "
                    + buffer.count() + " " + buffer.element());
        }
    }
}
