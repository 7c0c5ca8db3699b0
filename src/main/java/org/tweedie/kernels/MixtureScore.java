package org.tweedie.kernels;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.MixtureTwins;

/**
 * The exact score of a Gaussian mixture carried along by a linear SDE (kernels/score/mixture.cu):
 * p_t(x) = sum_k w_k N(x; alpha m_k, alpha^2 v_k + sigma^2). Stateless; any thread.
 */
public final class MixtureScore {
    /** rows, x, stride, dim, components, log weight, mean, variance, variance width, alpha, sigma, score, log density with strides. */
    public static final KernelEntry SCORE = KernelEntry.of(
            "mixture_score_f32",
            MixtureTwins::score,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32);

    /** rows, x, stride, v, stride, dim, components, log weight, mean, variance, variance width, alpha, sigma, out with strides. */
    public static final KernelEntry TANGENT = KernelEntry.of(
            "mixture_tangent_f32",
            MixtureTwins::tangent,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.I32);

    /** alpha, sigma, times, components, dim, log weight, mean, variance, terms. */
    public static final KernelEntry TERMS = KernelEntry.of(
            "mixture_terms_f32",
            MixtureTwins::terms,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.I32,
            Parameter.I32,
            Parameter.I32,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER,
            Parameter.POINTER);

    private MixtureScore() {}

    /**
     * A mixture in device memory; the buffers are the caller's to close. Immutable.
     *
     * @param logWeight shared row of ln w_k, one a component
     * @param mean one row a component, dense
     * @param variance one row a component, dense, 1 wide (isotropic) or as wide as the mean (diagonal)
     */
    public record Mixture(View logWeight, View mean, View variance) {
        public Mixture {
            Grid.require(
                    mean.width() >= 1 && mean.stride() == mean.width(),
                    "means must lie densely, a coordinate or more",
                    mean);
            Grid.require(
                    variance.stride() == variance.width()
                            && (variance.width() == 1 || variance.width() == mean.width()),
                    "variances must lie densely, 1 or " + mean.width() + " wide",
                    variance);
            Grid.require(logWeight.width() >= 1, "a mixture needs a component", logWeight);
        }

        public int components() {
            return logWeight.width();
        }
    }

    /**
     * Queues the score of each row.
     *
     * @param alpha 1 wide; stride 0: one for all rows
     * @param sigma likewise; alpha^2 v + sigma^2 between 2^-60 and 2^60
     * @param score as wide as {@code x}, in other memory
     * @param logDensity 1 wide, or null
     */
    public static void run(
            Stream stream,
            RowSet rows,
            View x,
            Mixture mixture,
            View alpha,
            View sigma,
            View score,
            @Nullable View logDensity) {
        Grid.require(
                x.width() == mixture.mean().width(),
                "x must be " + mixture.mean().width() + " wide, as the means are",
                x);
        Grid.require(
                score.width() == x.width() && score.stride() >= x.width(),
                "score must be " + x.width() + " wide, a row for each",
                score);
        Grid.require(alpha.width() == 1 && sigma.width() == 1, "alpha and sigma must be 1 wide", alpha);
        Arguments arguments = new Arguments(SCORE);
        rows.into(arguments);
        x.into(arguments).i32(x.stride()).i32(x.width()).i32(mixture.components());
        mixture.logWeight().into(arguments);
        mixture.mean().into(arguments);
        mixture.variance().into(arguments).i32(mixture.variance().width());
        alpha.into(arguments).i32(alpha.stride());
        sigma.into(arguments).i32(sigma.stride());
        score.into(arguments).i32(score.stride());
        if (logDensity == null) {
            arguments.buffer(null).i32(0);
        } else {
            Grid.require(
                    logDensity.width() == 1 && logDensity.stride() >= 1,
                    "log density must be 1 wide, a row for each",
                    logDensity);
            logDensity.into(arguments).i32(logDensity.stride());
        }
        stream.launch(stream.device().kernel(SCORE), Grid.items(Grid.capacity(score), 128), arguments);
    }

    /**
     * Queues the derivative of each row's score along a direction. The score is a gradient, so this is also the cotangent's way back.
     *
     * @param direction as wide as {@code x}; stride 0: one for all rows
     * @param out as wide as {@code x}, in memory of its own
     */
    public static void tangent(
            Stream stream, RowSet rows, View x, View direction, Mixture mixture, View alpha, View sigma, View out) {
        int dim = mixture.mean().width();
        Grid.require(x.width() == dim, "x must be " + dim + " wide, as the means are", x);
        Grid.require(direction.width() == dim, "the direction must be " + dim + " wide", direction);
        Grid.require(out.width() == dim && out.stride() >= dim, "out must be " + dim + " wide, a row for each", out);
        Grid.require(alpha.width() == 1 && sigma.width() == 1, "alpha and sigma must be 1 wide", alpha);
        Arguments arguments = new Arguments(TANGENT);
        rows.into(arguments);
        x.into(arguments).i32(x.stride());
        direction.into(arguments).i32(direction.stride()).i32(dim).i32(mixture.components());
        mixture.logWeight().into(arguments);
        mixture.mean().into(arguments);
        mixture.variance().into(arguments).i32(mixture.variance().width());
        alpha.into(arguments).i32(alpha.stride());
        sigma.into(arguments).i32(sigma.stride());
        out.into(arguments).i32(out.stride());
        stream.launch(stream.device().kernel(TANGENT), Grid.items(Grid.capacity(out), 128), arguments);
    }

    /** Floats that {@link #terms} writes for each time. */
    public static long termsOf(int components, int dim) {
        return 4L * components * dim;
    }

    /**
     * Queues what the score needs of the mixture at each of some times: mean, precision, log spread and log weight of each component and
     * coordinate.
     *
     * @param mixture with variances as wide as its means
     * @param alpha one a time
     * @param sigma one a time; alpha^2 v + sigma^2 between 2^-60 and 2^60
     * @param terms {@link #termsOf} floats a time from {@code at} on, a multiple of 4
     */
    public static void terms(
            Stream stream, Mixture mixture, View alpha, View sigma, int times, DeviceBuffer terms, long at) {
        int dim = mixture.mean().width();
        Grid.require(mixture.variance().width() == dim, "variances must be " + dim + " wide", mixture.variance());
        Grid.require(alpha.stride() == 1 && sigma.stride() == 1, "alpha and sigma must lie densely", alpha);
        long count = times * termsOf(mixture.components(), dim);
        if (times < 0 || at < 0 || at % 4 != 0 || count > terms.count() - at) {
            throw new IllegalArgumentException(
                    "mixture_terms_f32: " + count + " floats from " + at + " in a buffer of " + terms.count());
        }
        Arguments arguments = new Arguments(TERMS);
        alpha.into(arguments);
        sigma.into(arguments).i32(times).i32(mixture.components()).i32(dim);
        mixture.logWeight().into(arguments);
        mixture.mean().into(arguments);
        mixture.variance().into(arguments).buffer(terms, at);
        stream.launch(stream.device().kernel(TERMS), Grid.items(count / 4, 128), arguments);
    }
}
