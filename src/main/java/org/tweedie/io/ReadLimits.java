package org.tweedie.io;

/**
 * What a reader may spend on a file. Sizes that a file declares are compared with these before anything is allocated. Immutable.
 *
 * @param memory bytes of arrays that one read may hold at a time
 * @param safetensorsHeader bytes of a safetensors header, at most 100 MB
 * @param tensors tensors in a safetensors file, at most 100,000
 * @param rank dimensions of a tensor, at most 16
 * @param npyHeader bytes of an NPY header, at most 64 KiB
 * @param entries entries of an NPZ file or sections of a checkpoint, at most 10,000
 * @param inflated bytes that one NPZ entry, and all of them together, may inflate to
 * @param ratio inflated bytes for one compressed byte, once an entry is past 1 MiB; at most 200
 * @param columns columns of a table, at most 16,384
 */
public record ReadLimits(
        long memory,
        long safetensorsHeader,
        int tensors,
        int rank,
        int npyHeader,
        int entries,
        long inflated,
        int ratio,
        int columns) {
    /** An entry may inflate to this many bytes whatever its ratio. */
    static final long RATIO_FREE = 1 << 20;

    public ReadLimits {
        within("memory", memory, Long.MAX_VALUE);
        within("safetensorsHeader", safetensorsHeader, 100_000_000);
        within("tensors", tensors, 100_000);
        within("rank", rank, 16);
        within("npyHeader", npyHeader, 65_536);
        within("entries", entries, 10_000);
        within("inflated", inflated, Long.MAX_VALUE);
        within("ratio", ratio, 200);
        within("columns", columns, 16_384);
    }

    /** The defaults: half of the heap, 16 MB of safetensors header, 8 GiB inflated, and the hard limits for the rest. */
    public static ReadLimits defaults() {
        return new ReadLimits(
                Runtime.getRuntime().maxMemory() / 2, 16_000_000, 100_000, 16, 65_536, 10_000, 8L << 30, 200, 16_384);
    }

    /** The same with another memory budget. */
    public ReadLimits withMemory(long bytes) {
        return new ReadLimits(bytes, safetensorsHeader, tensors, rank, npyHeader, entries, inflated, ratio, columns);
    }

    /** The same with another limit on inflated bytes. */
    public ReadLimits withInflated(long bytes) {
        return new ReadLimits(memory, safetensorsHeader, tensors, rank, npyHeader, entries, bytes, ratio, columns);
    }

    /** Refuses a need above the memory budget. */
    void afford(long bytes, String file, String place) {
        if (bytes > memory) {
            throw new MalformedFileException(
                    file,
                    place,
                    "needs " + Shown.bytes(bytes) + ", above the memory budget of " + Shown.bytes(memory)
                            + "; give Java a larger heap (-Xmx)");
        }
    }

    private static void within(String name, long value, long most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(name + " must be within 1 and " + most + ", got " + value);
        }
    }
}
