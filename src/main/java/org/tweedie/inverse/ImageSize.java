package org.tweedie.inverse;

/** Rows that are pictures, line by line; the values of a pixel lie one after the other. Immutable. */
public record ImageSize(int height, int width, int channels) {
    public ImageSize {
        if (height < 1 || width < 1 || channels < 1) {
            throw new IllegalArgumentException("a picture has at least one line, column and channel, got " + height
                    + "x" + width + "x" + channels);
        }
        if ((double) height * width * channels > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a row holds no picture of " + height + "x" + width + "x" + channels
                    + ", more than 2^31 - 1 numbers; take a smaller one");
        }
    }

    /** One channel. */
    public ImageSize(int height, int width) {
        this(height, width, 1);
    }

    /** Numbers of a row. */
    public int numbers() {
        return height * width * channels;
    }

    int at(int line, int column, int channel) {
        return (line * width + column) * channels + channel;
    }
}
