package org.tweedie.io;

/**
 * Points of two columns as a picture, darker where there are more. The window is fixed when the picture is described, so
 * that data, samples and the frames of a film share it; points outside are left out. Immutable.
 *
 * @param x column across, from 0
 * @param y column upwards, from 0
 * @param left lowest x shown
 * @param right highest x shown
 * @param bottom lowest y shown
 * @param top highest y shown
 * @param size pixels across and down, 16 to 4,096
 */
public record ScatterPicture(int x, int y, double left, double right, double bottom, double top, int size) {
    /** Colours of a panel, from empty to full. Immutable. */
    public enum Ink {
        /** White to dark blue. */
        BLUE(0x08306b),
        /** White to dark red. */
        RED(0x7f1d0a);

        private final int full;

        Ink(int full) {
            this.full = full;
        }
    }

    private static final int LEVELS = 64;
    private static final int BACKGROUND = 0xffffffff;
    private static final int FRAME = 0xffb0b0b0;

    public ScatterPicture {
        if (size < 16 || size > 4096) {
            throw new IllegalArgumentException("size must be within 16 and 4096, got " + size);
        }
        if (!(left < right) || !(bottom < top)) {
            throw new IllegalArgumentException(
                    "the window is empty: " + left + " to " + right + ", " + bottom + " to " + top);
        }
    }

    /** A window around all rows of a table, with a margin of a twentieth; constant columns get a window of width 2. */
    public static ScatterPicture around(Table table, int x, int y, int size) {
        double[] across = range(table, x);
        double[] up = range(table, y);
        return new ScatterPicture(x, y, across[0], across[1], up[0], up[1], size);
    }

    private static double[] range(Table table, int column) {
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (int row = 0; row < table.rows(); row++) {
            float value = table.at(row, column);
            if (Float.isFinite(value)) {
                low = Math.min(low, value);
                high = Math.max(high, value);
            }
        }
        if (!(low <= high)) {
            return new double[] {-1, 1};
        }
        double margin = high > low ? (high - low) / 20 : 1;
        return new double[] {low - margin, high + margin};
    }

    /** One panel of points. */
    public Raster draw(Table points, Ink ink) {
        float[] density = new float[size * size];
        for (int row = 0; row < points.rows(); row++) {
            double px = (points.at(row, x) - left) / (right - left) * size;
            double py = (top - points.at(row, y)) / (top - bottom) * size;
            if (px >= 0 && px < size && py >= 0 && py < size) {
                splat(density, (int) px, (int) py);
            }
        }
        float most = 0;
        for (float value : density) {
            most = Math.max(most, value);
        }
        Raster raster = Raster.filled(size, size, BACKGROUND);
        // A lone point stays visible: the scale starts at a quarter and is logarithmic above one point.
        double scale = StrictMath.log1p(Math.max(4, most));
        for (int i = 0; i < density.length; i++) {
            if (density[i] > 0) {
                raster.argb()[i] = shade(ink, 0.25 + 0.75 * StrictMath.log1p(density[i]) / scale);
            }
        }
        for (int i = 0; i < size; i++) {
            raster.argb()[i] = FRAME;
            raster.argb()[(size - 1) * size + i] = FRAME;
            raster.argb()[i * size] = FRAME;
            raster.argb()[i * size + size - 1] = FRAME;
        }
        return raster;
    }

    /** Two panels side by side: data in blue, samples in red. */
    public Raster beside(Table data, Table samples) {
        int gap = Math.max(2, size / 32);
        Raster both = Raster.filled(2 * size + gap, size, BACKGROUND);
        both.paste(draw(data, Ink.BLUE), 0, 0);
        both.paste(draw(samples, Ink.RED), size + gap, 0);
        return both;
    }

    /** A point covers its pixel and, more faintly, the four beside it. */
    private void splat(float[] density, int px, int py) {
        density[py * size + px] += 1;
        if (px > 0) {
            density[py * size + px - 1] += 0.25f;
        }
        if (px < size - 1) {
            density[py * size + px + 1] += 0.25f;
        }
        if (py > 0) {
            density[(py - 1) * size + px] += 0.25f;
        }
        if (py < size - 1) {
            density[(py + 1) * size + px] += 0.25f;
        }
    }

    private static int shade(Ink ink, double strength) {
        int level = (int) Math.min(LEVELS, strength * LEVELS);
        int colour = 0xff;
        for (int shift = 16; shift >= 0; shift -= 8) {
            int full = ink.full >> shift & 0xff;
            colour = colour << 8 | 255 + (full - 255) * level / LEVELS;
        }
        return colour;
    }
}
