package org.tweedie.score;

import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;

/**
 * Which frequencies a network sees its time at: {@code sin 2 pi f t} and {@code cos 2 pi f t} for each f. The frequencies
 * are an untrained tensor of the network. Immutable.
 */
public sealed interface TimeEmbedding {
    /** Number of frequencies; there are twice as many features. */
    int count();

    /** How it is written in a network's spec. */
    String spec();

    /** The frequencies, in turns per unit of the network's time. */
    float[] frequencies(long seed);

    /** 16 frequencies from a quarter of a turn to 8 turns: for times of the size of 1. */
    static TimeEmbedding standard() {
        return new Fourier(16, 0.25, 8);
    }

    /** Frequencies in geometric progression from {@code low} to {@code high}. */
    record Fourier(int count, double low, double high) implements TimeEmbedding {
        public Fourier {
            check(count);
            if (!(low > 0 && high >= low && high <= 1e6)) {
                throw new IllegalArgumentException(
                        "frequencies must rise from above 0 to at most 1e6, got " + low + " to " + high);
            }
        }

        @Override
        public String spec() {
            return "fourier:" + count + ":" + plain(low) + ":" + plain(high);
        }

        @Override
        public float[] frequencies(long seed) {
            float[] frequencies = new float[count];
            for (int k = 0; k < count; k++) {
                frequencies[k] = (float) (low * StrictMath.pow(high / low, count == 1 ? 0 : k / (count - 1.0)));
            }
            return frequencies;
        }
    }

    /** Frequencies drawn from N(0, scale^2) (Tancik et al., 2006.10739). */
    record Gaussian(int count, double scale) implements TimeEmbedding {
        public Gaussian {
            check(count);
            if (!(scale > 0 && scale <= 1e5)) {
                throw new IllegalArgumentException(
                        "scale of frequencies must be above 0 and at most 1e5, got " + scale);
            }
        }

        @Override
        public String spec() {
            return "gaussian:" + count + ":" + plain(scale);
        }

        @Override
        public float[] frequencies(long seed) {
            Words words = Philox.words(seed, 0, Purpose.INIT, 1); // ordinal 0 draws the weights
            float[] frequencies = new float[count];
            for (int k = 0; k < count; k++) {
                frequencies[k] = (float) (scale * words.normal(k));
            }
            return frequencies;
        }
    }

    /** Angular frequencies {@code scale period^(-k / (count - 1))} (Vaswani et al., 1706.03762); DDPM: scale 1000, period 10,000. */
    record Sinusoidal(int count, double scale, double period) implements TimeEmbedding {
        public Sinusoidal {
            check(count);
            if (!(scale > 0 && scale <= 1e6 && period >= 1 && period <= 1e9)) {
                throw new IllegalArgumentException(
                        "sinusoidal scale must be in (0, 1e6] and period in [1, 1e9], got " + scale + ", " + period);
            }
        }

        @Override
        public String spec() {
            return "sinusoidal:" + count + ":" + plain(scale) + ":" + plain(period);
        }

        @Override
        public float[] frequencies(long seed) {
            return org.tweedie.kernels.TimeFeatures.sinusoidal(count, scale, period);
        }
    }

    private static void check(int count) {
        if (count < 1 || count > 4096) {
            throw new IllegalArgumentException("number of frequencies must be 1 to 4096, got " + count);
        }
    }

    private static String plain(double value) {
        return value == StrictMath.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    /** Reads {@code fourier:16:0.25:8}, {@code gaussian:16:1}, {@code sinusoidal:16:1000:10000}. */
    static TimeEmbedding parse(String spec) {
        String[] part = spec.split(":", -1);
        try {
            if (part[0].equals("fourier") && part.length == 4) {
                return new Fourier(Integer.parseInt(part[1]), Double.parseDouble(part[2]), Double.parseDouble(part[3]));
            } else if (part[0].equals("gaussian") && part.length == 3) {
                return new Gaussian(Integer.parseInt(part[1]), Double.parseDouble(part[2]));
            } else if (part[0].equals("sinusoidal") && part.length == 4) {
                return new Sinusoidal(
                        Integer.parseInt(part[1]), Double.parseDouble(part[2]), Double.parseDouble(part[3]));
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("not a number in time embedding '" + spec + "'", e);
        }
        throw new IllegalArgumentException("unknown time embedding '" + spec
                + "'; known: fourier:COUNT:LOW:HIGH, gaussian:COUNT:SCALE, sinusoidal:COUNT:SCALE:PERIOD");
    }
}
