package org.tweedie.kernels;

import org.tweedie.device.Device.Limits;
import org.tweedie.device.LaunchShape;

/**
 * How {@link TrajectoryMlp} lays rows and weights over a GPU. It changes no bit, so it may follow from the number of rows.
 *
 * <p>A multiprocessor has four tensor cores, and a warp uses one. 32 rows a warp read each weight once for two products; 16 read it for one,
 * which the shared memory does not keep up with on four cores at once, but where there are no more than four tiles of 16 rows a
 * multiprocessor each step of a trajectory takes half as long. Kernels of 16 rows also take weights that a block's shared memory does
 * not hold: groups of columns pass through it, and the warps of a block keep in step. Immutable.
 *
 * <p>On Hopper four warps multiply together, 64 rows at a time, whatever the number of rows: the hardware may add such products up in another
 * order, and a row's bits must not depend on how many there are. Weights of 256 columns may pass there too; narrower ones that do not fit, and
 * split operands, go as elsewhere.
 *
 * <p>Networks over 256 wide are for Hopper alone (trajectory_wide.cu): two warpgroups a block, whose weights come through places of shared
 * memory, and blocks in pairs. Where rows are few, two blocks share 64 of them, so that each layer takes half as long.
 *
 * @param rowsAWarp {@value #MANY} or {@value #FEW}, or {@value #WARPGROUP} of four warps; {@value #SPLIT} of a wide network whose layers two blocks share
 * @param warps of a block; 0 where not even one fits
 * @param held groups of {@link MlpShape#groups} that stay in shared memory, or {@value #ALL}; places of a wide network's weights, whose {@code rowsAWarp} is
 *     {@value #WARPGROUP}, or {@value #FEW} where both warpgroups of a block share 64 rows and each has half of the columns, or {@value #SPLIT}: a quarter
 */
public record MlpLaunch(int rowsAWarp, int warps, int held) {
    public static final int MANY = 32;
    public static final int FEW = 16;
    public static final int WARPGROUP = 64;
    public static final int SPLIT = 8;
    public static final int ALL = -1;
    private static final int TENSOR_CORES = 4;

    /** Of a wide network: all threads; the fewest and the most places, and what one takes with its biases. */
    private static final int WIDE_THREADS = 384;

    private static final int LEAST_PLACES = 3;
    private static final int MOST_PLACES = 8;
    private static final int PLACE_BYTES = (16 << 10) + (1 << 10) + 16;
    private static final int WIDE_ROW_BYTES = 1024;

    /** Of split layers: barriers of rows that come from the other block, and what a cluster of four blocks shares. */
    private static final int SPLIT_BARRIERS = 20 * 8;

    private static final int SPLIT_CLUSTER = 4;
    private static final int SPLIT_CLUSTER_ROWS = 128;

    /** Multiprocessors that, on a Hopper, a cluster is of, at least: whole clusters fit them. */
    private static final int NEIGHBOURS = 16;

    /** Places that passing groups go through, and the fewest that pass: then biases have come when they are read. */
    private static final int TURNS = 3;

    /** Of warpgroups, whose newest products may still read one. */
    private static final int TURNS_IN_FLIGHT = 4;

    private static final int LEAST_PASSING = 4;

    /** For so many rows: every multiprocessor has work before one has more than it needs. */
    public static MlpLaunch of(Limits limits, MlpShape shape, int columns, long rows) {
        if (shape.wide()) {
            return wide(limits, columns, rows);
        }
        MlpLaunch together = holding(limits, shape, columns, WARPGROUP);
        if (shape.tiled()) {
            MlpLaunch passing = passing(limits, shape, columns, WARPGROUP);
            together = passing.warps > together.warps ? passing : together;
        }
        if (limits.warpgroups() && together.warps > 0) {
            return together.wanted(limits, rows);
        }
        MlpLaunch few = holding(limits, shape, columns, FEW);
        MlpLaunch many = holding(limits, shape, columns, MANY);
        if (tiles(rows, FEW) <= (long) Math.min(few.warps, TENSOR_CORES) * limits.processors()) {
            return few.wanted(limits, rows);
        }
        MlpLaunch held = many.warps > 0 ? many : few;
        MlpLaunch passing = passing(limits, shape, columns, FEW);
        boolean more = (long) FEW * passing.warps > (long) held.rowsAWarp * held.warps;
        return (more ? passing : held).wanted(limits, rows);
    }

    /** 64 rows a pair of blocks, or a block, while all blocks are at work at once. */
    private static MlpLaunch wide(Limits limits, int columns, long rows) {
        long clusters = (long) limits.processors() / NEIGHBOURS * (NEIGHBOURS / SPLIT_CLUSTER);
        MlpLaunch split = wide(limits, columns, SPLIT);
        if (SPLIT_CLUSTER_ROWS * clusters >= rows && split.warps > 0) {
            return split;
        }
        return wide(limits, columns, 2 * 64L * (limits.processors() / 2) >= rows ? FEW : WARPGROUP);
    }

    /** As many places as there is room for. */
    private static MlpLaunch wide(Limits limits, int columns, int rowsAWarp) {
        MlpLaunch empty = new MlpLaunch(rowsAWarp, 8, 0);
        long room = limits.sharedBytes() - empty.wideBytes(columns);
        int places = (int) Math.min(MOST_PLACES, room / PLACE_BYTES);
        boolean there = limits.warpgroups() && room > 0 && places >= LEAST_PLACES;
        return new MlpLaunch(empty.rowsAWarp, there ? empty.warps : 0, Math.max(places, 0));
    }

    /** Rows of a block of a wide network, 16 a warp that has any; split layers have room for their inputs and their outputs. */
    private int wideRows() {
        return rowsAWarp == WARPGROUP ? 128 : 64;
    }

    private long wideBytes(int columns) {
        long inputs = wideRows() * (long) (rowsAWarp == SPLIT ? 2 * WIDE_ROW_BYTES : WIDE_ROW_BYTES);
        long barriers = rowsAWarp == SPLIT ? SPLIT_BARRIERS : 0;
        return held * (long) PLACE_BYTES + inputs + barriers + wideRows() * MlpShape.stateBytes(columns) / 16;
    }

    private MlpLaunch wanted(Limits limits, long rows) {
        long wanted = (tiles(rows, rowsAWarp) + limits.processors() - 1) / limits.processors();
        return new MlpLaunch(rowsAWarp, (int) Math.min(wanted * warpsATile(rowsAWarp), warps), held);
    }

    private static int warpsATile(int rowsAWarp) {
        return rowsAWarp == WARPGROUP ? 4 : 1;
    }

    /** All weights stay: as many warps as shared memory and registers hold. */
    private static MlpLaunch holding(Limits limits, MlpShape shape, int columns, int rowsAWarp) {
        long room = limits.sharedBytes() - shape.packedBytes();
        long fit = room / (shape.biasBytes() + MlpShape.stateBytes(columns));
        long warps = Math.max(0, Math.min(shape.mostWarps(rowsAWarp), fit));
        return new MlpLaunch(rowsAWarp, (int) (warps - warps % warpsATile(rowsAWarp)), ALL);
    }

    /** Some pass: as many warps as there is room for, then as many groups that stay. */
    private static MlpLaunch passing(Limits limits, MlpShape shape, int columns, int rowsAWarp) {
        int most = shape.groups() - LEAST_PASSING;
        for (int warps = shape.mostWarps(rowsAWarp); warps > 0 && most >= 0; warps -= warpsATile(rowsAWarp)) {
            long room = limits.sharedBytes() - new MlpLaunch(rowsAWarp, warps, 0).sharedBytes(shape, columns);
            if (room >= 0) {
                return new MlpLaunch(rowsAWarp, warps, (int) Math.min(most, room / shape.groupBytes()));
            }
        }
        return new MlpLaunch(rowsAWarp, 0, 0);
    }

    private static long tiles(long rows, int rowsAWarp) {
        return Math.max(1, (rows + rowsAWarp - 1) / rowsAWarp);
    }

    /** Blocks of a launch and their threads: no more than there are processors, of wide networks in pairs or fours. */
    LaunchShape shape(Limits limits, MlpShape shape, int columns, long rows) {
        int shared = Math.toIntExact(sharedBytes(shape, columns));
        if (shape.wide()) {
            int blocks = rowsAWarp == SPLIT ? SPLIT_CLUSTER : 2;
            long clusterRows = rowsAWarp == SPLIT ? SPLIT_CLUSTER_ROWS : 2L * wideRows();
            long clusters = Math.max(1, (rows + clusterRows - 1) / clusterRows);
            return LaunchShape.blocks(
                    blocks * Math.min(clusters, Math.max(1, limits.processors() / blocks)), 1, WIDE_THREADS, shared);
        }
        return LaunchShape.blocks(Math.min(blocks(rows), limits.processors()), 1, 32 * warps, shared);
    }

    /** Blocks that have work. */
    long blocks(long rows) {
        return (tiles(rows, rowsAWarp) * warpsATile(rowsAWarp) + warps - 1) / warps;
    }

    public boolean passes() {
        return held != ALL;
    }

    /** Shared memory of a block: biases are each warp's own, unless warps keep in step. */
    public long sharedBytes(MlpShape shape, int columns) {
        if (shape.wide()) {
            return wideBytes(columns);
        }
        long weights = shape.packedBytes();
        if (passes()) {
            int turns = rowsAWarp == WARPGROUP ? TURNS_IN_FLIGHT : TURNS;
            weights += (held + turns - shape.groups()) * shape.groupBytes();
        }
        return weights + (passes() ? 1 : warps) * shape.biasBytes() + warps * MlpShape.stateBytes(columns);
    }
}
