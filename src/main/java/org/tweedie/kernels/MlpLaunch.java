package org.tweedie.kernels;

import org.tweedie.device.Device.Limits;

/**
 * How {@link TrajectoryMlp} lays rows over a GPU. It changes no bit, so it may follow from their number.
 *
 * <p>A multiprocessor has four tensor cores, and a warp uses one. 32 rows a warp read each weight once for two products; 16 read it for one,
 * which the shared memory does not keep up with on four cores at once, but where there are no more than four tiles of 16 rows a
 * multiprocessor each step of a trajectory takes half as long.
 *
 * @param rowsAWarp {@value #MANY} or {@value #FEW}
 * @param warps of a block; 0 where not even one fits
 */
public record MlpLaunch(int rowsAWarp, int warps) {
    public static final int MANY = 32;
    public static final int FEW = 16;
    private static final int TENSOR_CORES = 4;

    /** For so many rows: every multiprocessor has work before one has more than it needs. */
    public static MlpLaunch of(Limits limits, MlpShape shape, int columns, long rows) {
        int beside = most(limits, shape, columns, FEW);
        int rowsAWarp = tiles(rows, FEW) <= (long) beside * limits.processors() ? FEW : MANY;
        long wanted = (tiles(rows, rowsAWarp) + limits.processors() - 1) / limits.processors();
        return new MlpLaunch(rowsAWarp, (int) Math.min(wanted, most(limits, shape, columns, rowsAWarp)));
    }

    /** Warps of a block: as many as its shared memory and registers hold. */
    static int most(Limits limits, MlpShape shape, int columns, int rowsAWarp) {
        long room = limits.sharedBytes() - shape.packedBytes();
        int registers = rowsAWarp == FEW ? TENSOR_CORES : shape.mostWarps();
        return (int) Math.max(0, Math.min(registers, room / shape.warpBytes(columns)));
    }

    private static long tiles(long rows, int rowsAWarp) {
        return Math.max(1, (rows + rowsAWarp - 1) / rowsAWarp);
    }

    /** Blocks that have work. */
    long blocks(long rows) {
        return (tiles(rows, rowsAWarp) + warps - 1) / warps;
    }
}
