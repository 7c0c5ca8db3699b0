package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Activations;
import org.tweedie.kernels.Fill;
import org.tweedie.kernels.Linear;
import org.tweedie.kernels.Matrix;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Signature;
import org.tweedie.sde.FlexibleMoment;
import org.tweedie.sde.FlexibleParametrisation;

/**
 * Pairs of {@link FlexibleMatching}: the data's rows of the step, noised on the device by the matrices of their times, input and target in one product
 *
 * <pre>
 * ( target )   ( R^(-1/2) E/c   -R^(-1/2) M L^-T/c ) ( x0  )
 * (   x    ) = (      E                  L          ) ( eps )
 * </pre>
 *
 * in f32, of matrices made in double. Row j has time j mod {@value #TIMES} of a set spread evenly over the ranks, which steps share for a while, since a
 * time's matrices cost more than its rows; the rows of a time are those of a view that takes every {@value #TIMES}th.
 */
final class FlexibleFeed implements Feed {
    /** Times at once, at most. */
    private static final int TIMES = 64;

    /** Steps that share their times. */
    private static final int SHARED = 8;

    /**
     * What pairs are made from.
     *
     * @param data encoded
     */
    record Source(FlexibleMatching matching, Dataset data, long seed) implements Feed.Source {
        @Override
        public String hash() {
            return data.hash();
        }

        @Override
        public Feed open(Stream stream, int batch) {
            return new FlexibleFeed(this, stream, batch);
        }
    }

    /** Numbers that a set of times decides, here and on the device. */
    private record Told(float[] values, DeviceBuffer data) {
        void upload(Stream stream) {
            stream.upload(values, 0, data, 0, values.length);
        }
    }

    /** The rows of a time: x0 and eps, what they become, and by what. */
    private record Moment(RowSet rows, View clean, Matrix matrix, View made) {}

    private final Source source;
    private final int batch;
    private final int width;
    private final int times;
    private final Closing owned = new Closing();
    private final TableFeed table;
    /** x0, eps. */
    private final View clean;
    /** target, x, conditions. */
    private final View made;

    private final Told matrices;
    private final Told weights;
    private final Told shares;
    private final List<Moment> moments = new ArrayList<>();
    private final Map<String, View> ports;
    private FlexibleParametrisation process;
    private long shared = -1;

    private FlexibleFeed(Source source, Stream stream, int batch) {
        this.source = source;
        this.batch = batch;
        process = source.matching().parametrisation();
        times = Math.min(TIMES, batch);
        Device device = stream.device();
        Signature signature = source.matching().network().signature();
        width = signature.into().get(0).space().width();
        float[] values = source.data().values();
        try {
            DeviceBuffer all = owned.add(device.allocate(Element.F32, values.length));
            stream.upload(values, 0, all, 0, values.length);
            table = owned.add(new TableFeed(source.data(), all, device, batch));
            clean = rows(device, 2 * width);
            made = rows(device, width + signature.inputs());
            matrices = told(device, Math.multiplyExact(times, 4 * width * width));
            weights = told(device, batch);
            shares = told(device, batch);
            RowSet more = count(stream, batch / times + 1);
            RowSet less = count(stream, batch / times);
            for (int n = 0; n < times; n++) {
                moments.add(new Moment(
                        n < batch % times ? more : less,
                        every(clean, n),
                        new Matrix(matrices.data(), (long) n * 4 * width * width, 2 * width, 2 * width),
                        every(made.columns(0, 2 * width), n)));
            }
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
        ports = Map.of(
                Regression.INPUT, made.columns(width, signature.inputs()),
                Regression.TARGET, made.columns(0, width),
                Regression.WEIGHT, View.rows(weights.data(), 1),
                Regression.TIME, View.rows(shares.data(), 1));
    }

    private View rows(Device device, int numbers) {
        return View.rows(owned.add(device.allocate(Element.F32, (long) batch * numbers)), numbers);
    }

    private Told told(Device device, int count) {
        return new Told(new float[count], owned.add(device.allocate(Element.F32, count)));
    }

    private RowSet count(Stream stream, int rows) {
        RowSet set = owned.add(RowSet.on(stream.device()));
        set.assign(stream, 0, 0, rows);
        return set;
    }

    /** Row n and every one as many rows on as there are times. */
    private View every(View all, int n) {
        View first = all.from(n);
        return new View(first.data(), first.offset(), first.width(), times * first.stride());
    }

    @Override
    public Map<String, View> ports() {
        return ports;
    }

    @Override
    public void prepare(Stream stream, long step) {
        long wanted = (step - 1) / SHARED;
        if (wanted == shared) {
            return;
        }
        double shift = Philox.words(source.seed(), wanted, Purpose.TIME, 0).uniform(0);
        for (int n = 0; n < times; n++) {
            double t = process.time((n + shift) / times);
            FlexibleMoment moment = process.at(t);
            int at = n * 4 * width * width;
            for (double[] row : moment.pairs()) {
                for (double number : row) {
                    matrices.values()[at++] = (float) number;
                }
            }
            for (int r = n; r < batch; r += times) {
                weights.values()[r] = (float) (moment.weight() / process.density(t));
                shares.values()[r] = (float) process.networkTime(t);
            }
        }
        for (Told told : List.of(matrices, weights, shares)) {
            told.upload(stream);
        }
        shared = wanted;
    }

    @Override
    public void queue(Stream stream, RowSet rows) {
        table.queue(stream, rows);
        copy(stream, rows, Dataset.X, clean.columns(0, width));
        Fill.normal(stream, rows, clean.columns(width, width), Purpose.NOISE, 0);
        for (Moment moment : moments) {
            Linear.forward(
                    stream,
                    moment.rows(),
                    moment.clean(),
                    moment.matrix(),
                    null,
                    null,
                    Activation.IDENTITY,
                    moment.made(),
                    null);
        }
        int at = 2 * width;
        List<Signature.Port> from = source.matching().network().signature().from();
        for (Signature.Port port : from.subList(1, from.size())) {
            copy(stream, rows, port.name(), made.columns(at, port.space().width()));
            at += port.space().width();
        }
    }

    private void copy(Stream stream, RowSet rows, String port, View into) {
        View view = Objects.requireNonNull(table.ports().get(port));
        Activations.forward(stream, rows, view, Activation.IDENTITY, into);
    }

    @Override
    public void follow(Objective objective) {
        process = ((FlexibleMatching) objective).parametrisation();
        shared = -1;
    }

    @Override
    public void close() {
        owned.close();
    }
}
