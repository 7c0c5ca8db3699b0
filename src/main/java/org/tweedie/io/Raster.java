package org.tweedie.io;

/**
 * A picture. Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param width pixels, 1 to 16,384
 * @param height pixels, 1 to 16,384
 * @param argb one int 0xAARRGGBB a pixel, row by row from the top; not copied
 */
public record Raster(int width, int height, int[] argb) {
    public Raster {
        if (width < 1 || width > 16_384 || height < 1 || height > 16_384 || (long) width * height != argb.length) {
            throw new IllegalArgumentException("a picture of " + width + " x " + height + " does not fit " + argb.length
                    + " pixels, or is not within 1 and 16384");
        }
    }

    /** A picture of one colour. */
    public static Raster filled(int width, int height, int colour) {
        int[] argb = new int[Math.multiplyExact(width, height)];
        java.util.Arrays.fill(argb, colour);
        return new Raster(width, height, argb);
    }

    /** Copies another picture onto this one; what lies outside is cut off. */
    public void paste(Raster other, int left, int top) {
        for (int y = Math.max(0, -top); y < other.height && top + y < height; y++) {
            for (int x = Math.max(0, -left); x < other.width && left + x < width; x++) {
                argb[(top + y) * width + left + x] = other.argb[y * other.width + x];
            }
        }
    }
}
