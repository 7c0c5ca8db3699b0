package org.tweedie.device;

/** Blocks in the grid, threads in a block, dynamic shared memory in bytes. Does not change a bit of any result. */
public record LaunchShape(long gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int sharedBytes) {
    public LaunchShape {
        if (gridX < 1 || gridX > Integer.MAX_VALUE || gridY < 1 || gridY > 65_535 || gridZ < 1 || gridZ > 65_535) {
            throw new IllegalArgumentException("grid out of range: (" + gridX + "," + gridY + "," + gridZ + ")");
        }
        if (blockX < 1 || blockY < 1 || blockZ < 1 || (long) blockX * blockY * blockZ > 1024) {
            throw new IllegalArgumentException(
                    "block must hold 1 to 1024 threads, got (" + blockX + "," + blockY + "," + blockZ + ")");
        }
        if (sharedBytes < 0) {
            throw new IllegalArgumentException("shared bytes must not be negative, got " + sharedBytes);
        }
    }

    /** One thread an item, {@code block} threads a block; at least one block. */
    public static LaunchShape linear(long items, int block) {
        return new LaunchShape(Math.max(1, (items + block - 1) / block), 1, 1, block, 1, 1, 0);
    }

    public static LaunchShape blocks(long gridX, int gridY, int block, int sharedBytes) {
        return new LaunchShape(gridX, gridY, 1, block, 1, 1, sharedBytes);
    }

    @Override
    public String toString() {
        return "<<<(" + gridX + "," + gridY + "," + gridZ + "),(" + blockX + "," + blockY + "," + blockZ + "),"
                + sharedBytes + ">>>";
    }
}
