package org.tweedie.train;

/**
 * The way from rows as they are to rows where the process lives, and back: one to one, with its log-determinant. Immutable,
 * shared by threads.
 */
public interface Encoding {
    /** Numbers a row holds, before and after. */
    int width();

    /**
     * Encodes {@code count} dense rows.
     *
     * @param into may be {@code rows}
     */
    void encode(float[] rows, float[] into, int count);

    /** Decodes {@code count} dense rows; {@code into} may be {@code rows}. */
    void decode(float[] rows, float[] into, int count);

    /** ln |det d encode(x) / dx| at a row: log p(x) = log p(encode(x)) + this. */
    double logDeterminant(float[] row);

    /** As a model file has it; {@link #parse} reads it. */
    String spec();

    /**
     * Reads a spec.
     *
     * @throws IllegalArgumentException if it is not one
     */
    static Encoding parse(String spec) {
        if (EncodingChain.is(spec)) {
            return EncodingChain.parse(spec);
        } else if (spec.startsWith(Normaliser.NAME + ":")) {
            return Normaliser.parse(spec);
        } else if (spec.startsWith(HaarPyramid.HAAR + ":")) {
            return HaarPyramid.parse(spec);
        }
        throw new IllegalArgumentException("unknown encoding '" + spec + "'; this version knows '" + Normaliser.NAME
                + "' and '" + HaarPyramid.HAAR + "'");
    }
}
