package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.score.Instant;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.score.Tape;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Sde;

/**
 * |eps - eps_hat|^2 of a network on rows of the data, each noised to several times by one noise: rows, noise and errors in double on the host,
 * the network on its device. For one stream.
 */
final class NoiseErrors implements AutoCloseable {
    /** Columns of a time's scales. */
    private static final int INPUT_X0 = 0;

    private static final int INPUT_EPS = 1;
    private static final int TARGET_X0 = 2;
    private static final int TARGET_EPS = 3;
    private static final int GAIN = 4;
    private static final int TIME = 5;

    private final Network network;
    private final Dataset data;
    private final int rows;
    private final int all;
    private final long seed;
    private final Closing owned = new Closing();
    private final Tape tape;
    private final RowSet set;
    private final List<View> inputs = new ArrayList<>();
    private final View out;
    private final View time;

    /**
     * @param rows of the data, each
     * @param times at so many times
     */
    NoiseErrors(Network network, Dataset data, int rows, int times, long seed, Device device) {
        this.network = network;
        this.data = data;
        this.rows = rows;
        this.seed = seed;
        all = rows * times;
        try {
            tape = owned.add(network.tape(device, all));
            set = owned.add(RowSet.on(device));
            for (Signature.Port port : network.signature().from()) {
                inputs.add(row(device, port.space().width()));
            }
            out = row(device, inputs.get(0).width());
            time = row(device, 1);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private View row(Device device, int width) {
        return View.rows(owned.add(device.allocate(Element.F32, (long) all * width)), width);
    }

    /**
     * The squares, row by row of the first time, then of the next.
     *
     * @param draw number of the draw of rows and noise
     * @param times one a row and time
     */
    double[] squares(Stream stream, Parametrisation p, long draw, double[] times) {
        int width = out.width();
        int[] chosen = new int[rows];
        double[] noise = new double[rows * width];
        for (int r = 0; r < rows; r++) {
            long index = draw * rows + r;
            chosen[r] = (int) (Philox.words(seed, index, Purpose.DATA, 0).uniform(0) * data.rows());
            Words words = Philox.words(seed, index, Purpose.NOISE, 0);
            for (int i = 0; i < width; i++) {
                noise[r * width + i] = words.normal(i);
            }
        }
        double[][] scales = new double[all][];
        for (int r = 0; r < all; r++) {
            scales[r] = r > 0 && times[r] == times[r - 1] ? scales[r - 1] : scales(p.held(times[r]), times[r]);
        }
        upload(stream, scales, chosen, noise);
        set.assign(stream, seed, 0, all);
        tape.forward(stream, set, inputs, Instant.perRow(time), List.of(out));
        float[] predicted = new float[all * width];
        stream.download(out.data(), 0, predicted, 0, predicted.length);
        float[] x = data.values();
        double[] squares = new double[all];
        for (int r = 0; r < all; r++) {
            double[] scale = scales[r];
            int clean = chosen[r % rows] * data.width() + data.offset(Dataset.X);
            for (int i = 0; i < width; i++) {
                double target = scale[TARGET_X0] * x[clean + i] + scale[TARGET_EPS] * noise[r % rows * width + i];
                double error = scale[GAIN] * (predicted[r * width + i] - target);
                squares[r] += error * error;
            }
        }
        return squares;
    }

    private static double[] scales(Parametrisation p, double t) {
        Sde sde = p.sde();
        double input = p.inputScale(t);
        return new double[] {
            input * sde.alpha(t),
            input * sde.sigma(t),
            p.targetX0(t),
            p.targetEps(t),
            sde.sigma(t) * p.gain(t),
            p.networkTime(t)
        };
    }

    private void upload(Stream stream, double[][] scales, int[] chosen, double[] noise) {
        float[] x = data.values();
        float[] told = new float[all];
        for (int r = 0; r < all; r++) {
            told[r] = (float) scales[r][TIME];
        }
        stream.upload(told, 0, time.data(), 0, all);
        for (int port = 0; port < inputs.size(); port++) {
            int width = inputs.get(port).width();
            String name =
                    port == 0 ? Dataset.X : network.signature().from().get(port).name();
            float[] values = new float[all * width];
            for (int r = 0; r < all; r++) {
                int clean = chosen[r % rows] * data.width() + data.offset(name);
                for (int i = 0; i < width; i++) {
                    values[r * width + i] = port > 0
                            ? x[clean + i]
                            : (float) (scales[r][INPUT_X0] * x[clean + i]
                                    + scales[r][INPUT_EPS] * noise[r % rows * width + i]);
                }
            }
            stream.upload(values, 0, inputs.get(port).data(), 0, values.length);
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
