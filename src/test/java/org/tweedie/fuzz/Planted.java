package org.tweedie.fuzz;

/** A parser with a bug, that fuzzing must find. */
public final class Planted {
    private Planted() {}

    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length > 3 && input[0] == 'B' && input[1] == 'U' && input[2] == 'G') {
            int[] sizes = new int[2];
            sizes[input[3] & 7] = 1;
        }
    }
}
