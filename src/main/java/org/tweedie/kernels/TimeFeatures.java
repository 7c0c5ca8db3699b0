package org.tweedie.kernels;

import org.tweedie.device.Arguments;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.TimeTwins;

/**
 * Sines and cosines of time (kernels/score/time_features.cu): {@code out[k] = sin(2 pi f[k] t)},
 * {@code out[n + k] = cos(2 pi f[k] t)}, {@code k < n}. Which frequencies, in turns per unit of time, is what tells
 * Fourier features (Tancik et al., 2020) from the sinusoidal embedding (Vaswani et al., 2017). Stateless; any thread.
 *
 * <p>The product {@code f t} is reduced to a fraction of a turn exactly, so large angles lose nothing.
 */
public final class TimeFeatures {
    /** t, frequencies, out, rows, n, t stride, out stride. */
    public static final KernelEntry FORWARD = KernelEntry.of(
            "time_features_f32",
            TimeTwins::forward,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32);

    private TimeFeatures() {}

    /**
     * Queues the features.
     *
     * @param t 1 wide; stride 0 gives every row the same time
     * @param frequencies one shared row (stride 0), half as wide as {@code out}; in turns per unit of time
     */
    public static void forward(Stream stream, RowSet rows, View t, View frequencies, View out) {
        Grid.require(t.width() == 1, "t must be 1 wide", t);
        Grid.require(frequencies.stride() == 0, "frequencies are one row for all (stride 0)", frequencies);
        Grid.require(
                out.width() == 2 * frequencies.width() && out.stride() >= out.width(),
                "out must be " + 2 * frequencies.width() + " wide, a row for each",
                out);
        Arguments arguments = new Arguments(FORWARD);
        t.into(arguments);
        frequencies.into(arguments);
        out.into(arguments);
        rows.into(arguments).i32(frequencies.width()).i32(t.stride()).i32(out.stride());
        stream.launch(
                stream.device().kernel(FORWARD), Grid.items(Grid.capacity(out) * frequencies.width(), 256), arguments);
    }

    /**
     * The frequencies of the sinusoidal embedding in turns: {@code scale period^(-k/(n-1)) / (2 pi)}; DDPM has period 10,000
     * and, for t in [0, 1], scale 1000.
     */
    public static float[] sinusoidal(int n, double scale, double period) {
        float[] frequencies = new float[n];
        for (int k = 0; k < n; k++) {
            frequencies[k] = (float) (scale * StrictMath.pow(period, n == 1 ? 0 : -k / (n - 1.0)) / (2 * Math.PI));
        }
        return frequencies;
    }
}
