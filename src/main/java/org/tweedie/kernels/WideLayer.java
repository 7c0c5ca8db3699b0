package org.tweedie.kernels;

import org.tweedie.device.Element;
import org.tweedie.kernels.host.Halves;

/**
 * A hidden layer in the order in which its weights stream through a block (kernels/execution/trajectory_wide.cuh): {@value #COLUMNS} columns
 * after {@value #COLUMNS} columns, {@value #INPUTS} inputs after {@value #INPUTS} inputs, a place of 16 KB for each; in a place column by
 * column, whose four parts of 16 bytes are exchanged by the second and third lowest bits of the column. Stateless.
 */
public final class WideLayer {
    private static final int COLUMNS = 256;
    private static final int INPUTS = 32;

    private WideLayer() {}

    /** Where the weight from input {@code k} to column {@code j} lies, in elements. */
    public static int at(int width, int k, int j) {
        int place = j / COLUMNS * (width / INPUTS) + k / INPUTS;
        int inside = j % COLUMNS * INPUTS + k % INPUTS;
        return place * COLUMNS * INPUTS + (inside ^ (inside >> 3 & 0x18));
    }

    /** @param w row-major, inputs by columns */
    static short[] of(Element type, int width, float[] w) {
        short[] placed = new short[width * width];
        for (int k = 0; k < width; k++) {
            for (int j = 0; j < width; j++) {
                float value = w[k * width + j];
                placed[at(width, k, j)] = type == Element.F16 ? Halves.f16(value) : Halves.bf16(value);
            }
        }
        return placed;
    }
}
