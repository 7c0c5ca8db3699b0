package org.tweedie;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.CancelToken;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.score.Architecture;
import org.tweedie.score.Evaluator;
import org.tweedie.score.Instant;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.Prediction;
import org.tweedie.train.Dataset;
import org.tweedie.train.Functional;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;
import org.tweedie.train.TrainSpec;
import org.tweedie.train.Trainer;
import org.tweedie.train.WassersteinStep;

/**
 * Minus the Wasserstein gradient of a functional at a law that is known by samples, and a step of length h along it ({@link WassersteinStep}):
 *
 * <pre>{@code
 * Functional kl = KullbackLeibler.to(new double[] {0}, new double[][] {{1}});
 * try (WassersteinGradient gradient =
 *         WassersteinGradient.estimate(kl, samples, Mlp.of(32, 2), 0.1, TrainSpec.steps(1000), device)) {
 *     float[] nearer = gradient.moved(samples.values());
 * }
 * }</pre>
 *
 * <p>Rows are taken as they are: scale them so that their columns are of the size of 1. Any number of threads may ask it; closing waits for them.
 */
public final class WassersteinGradient implements AutoCloseable {
    /** Rows that are moved at once. */
    private static final int PIECE = 4096;

    private final Network network;
    private final double h;
    private final TrainResult result;
    private final Device device;
    private final SharedUse use;

    private WassersteinGradient(Network network, double h, TrainResult result, Device device) {
        this.network = network;
        this.h = h;
        this.result = result;
        this.device = device;
        use = new SharedUse("this gradient", network.parameters().values()::close);
    }

    /**
     * Learns the map T = h v that makes J((I + T)#mu) + E |T|^2 / (2 h) least.
     *
     * @param samples rows of mu, without conditions
     * @param architecture of v; small ones do
     * @param h positive; the smaller, the nearer v is to minus the gradient at mu itself, and the less the law moves
     * @param spec steps, batch, rate, average and seed of the training
     * @throws IllegalArgumentException if the samples have other columns than the functional's laws, h is not positive, or training was stopped by numbers that are not finite
     */
    public static WassersteinGradient estimate(
            Functional functional,
            Dataset samples,
            Architecture architecture,
            double h,
            TrainSpec spec,
            Device device) {
        Network network =
                architecture.create(Signature.over(functional.width()), Prediction.DENOISED, spec.seed(), device);
        try (Trainer trainer = Trainer.open(new WassersteinStep(network, functional, h), samples, spec, device)) {
            TrainResult result = trainer.run(TrainListener.NONE, new CancelToken());
            if (result.outcome() != TrainResult.Outcome.FINISHED) {
                throw new IllegalArgumentException("the gradient was not learned: " + result.message());
            }
            trainer.copyMean(0, network.parameters().values());
            return new WassersteinGradient(network, h, result, device);
        } catch (RuntimeException | Error e) {
            network.parameters().values().close();
            throw e;
        }
    }

    /** v, from rows to rows; its weights belong to this gradient. */
    public Network network() {
        return network;
    }

    /** The step h that it was learned with. */
    public double step() {
        return h;
    }

    /** What training came to; its loss leaves out what T cannot change. */
    public TrainResult result() {
        return result;
    }

    /**
     * v = T / h at rows: the estimate of minus the Wasserstein gradient.
     *
     * @param rows row-major; none are none
     * @return as many
     */
    public float[] direction(float[] rows) {
        int width = network.signature().inputs();
        if (rows.length % width != 0) {
            throw new IllegalArgumentException(
                    rows.length + " numbers are no rows of " + width + ", the width of the gradient");
        }
        return use.reading(() -> evaluated(rows, width));
    }

    private float[] evaluated(float[] rows, int width) {
        int count = rows.length / width;
        int most = Math.max(1, Math.min(count, PIECE));
        float[] all = new float[rows.length];
        try (Stream stream = device.stream();
                RowSet set = RowSet.on(device);
                DeviceBuffer from = device.allocate(Element.F32, (long) most * width);
                DeviceBuffer into = device.allocate(Element.F32, (long) most * width);
                Evaluator evaluator = network.open(device, most)) {
            for (int at = 0; at < count; at += most) {
                int some = Math.min(most, count - at);
                set.assign(stream, 0, at, some);
                stream.upload(rows, at * width, from, 0, some * width);
                evaluator.evaluate(
                        stream, set, List.of(View.rows(from, width)), Instant.at(0), List.of(View.rows(into, width)));
                stream.download(into, 0, all, at * width, some * width);
                stream.synchronize();
            }
        }
        return all;
    }

    /**
     * Rows of mu to rows of the law after the step: x + T(x), where the flow is after the time h, up to an error of order h^2.
     *
     * @param rows row-major
     * @return as many
     */
    public float[] moved(float[] rows) {
        float[] moved = direction(rows);
        for (int i = 0; i < moved.length; i++) {
            moved[i] = Math.fma((float) h, moved[i], rows[i]);
        }
        return moved;
    }

    @Override
    public void close() {
        use.close();
    }
}
