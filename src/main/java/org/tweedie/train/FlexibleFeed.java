package org.tweedie.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.score.Signature;
import org.tweedie.sde.FlexibleMoment;
import org.tweedie.sde.FlexibleParametrisation;

/**
 * Pairs of {@link FlexibleMatching}: the data's rows of the step, noised on the host in double by the matrices of their times. Row j has time j mod
 * {@value #TIMES} of a set spread evenly over the ranks, which steps share for a while, since a time's matrices cost more than its rows.
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

    /** A port's numbers, here and on the device. */
    private record Made(float[] values, View view) {
        void upload(Stream stream) {
            stream.upload(values, 0, view.data(), 0, values.length);
        }
    }

    private final Source source;
    private final int batch;
    private final Closing owned = new Closing();
    private final TableFeed table;
    private final RowSet rows;
    private final float[] data;
    private final Made inputs;
    private final Made targets;
    private final Made weights;
    private final Made times;
    private final Map<String, View> ports = new LinkedHashMap<>();
    private final FlexibleMoment[] moments;
    private final double[] told;
    private final double[] weighed;
    private FlexibleParametrisation process;
    private long shared = -1;

    private FlexibleFeed(Source source, Stream stream, int batch) {
        this.source = source;
        this.batch = batch;
        process = source.matching().parametrisation();
        moments = new FlexibleMoment[Math.min(TIMES, batch)];
        told = new double[moments.length];
        weighed = new double[moments.length];
        Device device = stream.device();
        Signature signature = source.matching().network().signature();
        int width = signature.into().get(0).space().width();
        float[] values = source.data().values();
        try {
            DeviceBuffer all = owned.add(device.allocate(Element.F32, values.length));
            stream.upload(values, 0, all, 0, values.length);
            table = owned.add(new TableFeed(source.data(), all, device, batch));
            rows = owned.add(RowSet.on(device));
            data = new float[Math.multiplyExact(batch, source.data().width())];
            inputs = port(device, Regression.INPUT, signature.inputs());
            targets = port(device, Regression.TARGET, width);
            weights = port(device, Regression.WEIGHT, 1);
            times = port(device, Regression.TIME, 1);
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private Made port(Device device, String name, int width) {
        View view = View.rows(owned.add(device.allocate(Element.F32, (long) batch * width)), width);
        ports.put(name, view);
        return new Made(new float[Math.multiplyExact(batch, width)], view);
    }

    @Override
    public Map<String, View> ports() {
        return ports;
    }

    @Override
    public void prepare(Stream stream, long step) {
        spread((step - 1) / SHARED);
        long first = (step - 1) * batch;
        rows.assign(stream, source.seed(), first, batch);
        table.queue(stream, rows);
        stream.download(table.batch().data(), 0, data, 0, data.length);
        for (int r = 0; r < batch; r++) {
            pair(r, first + r);
        }
        for (Made made : List.of(inputs, targets, weights, times)) {
            made.upload(stream);
        }
    }

    private void spread(long wanted) {
        if (wanted == shared) {
            return;
        }
        double shift = Philox.words(source.seed(), wanted, Purpose.TIME, 0).uniform(0);
        for (int n = 0; n < moments.length; n++) {
            double t = process.time((n + shift) / moments.length);
            moments[n] = process.at(t);
            told[n] = process.networkTime(t);
            weighed[n] = moments[n].weight() / process.density(t);
        }
        shared = wanted;
    }

    private void pair(int r, long sample) {
        Words words = Philox.words(source.seed(), sample, Purpose.NOISE, 0);
        int width = targets.view().width();
        int clean = r * source.data().width() + source.data().offset(Dataset.X);
        double[] x0 = new double[width];
        double[] eps = new double[width];
        for (int i = 0; i < width; i++) {
            x0[i] = data[clean + i];
            eps[i] = words.normal(i);
        }
        int n = r % moments.length;
        double[] x = moments[n].noisy(x0, eps);
        double[] target = moments[n].target(x0, eps);
        int into = r * inputs.view().width();
        for (int i = 0; i < width; i++) {
            inputs.values()[into + i] = (float) x[i];
            targets.values()[r * width + i] = (float) target[i];
        }
        into += width;
        for (Signature.Port port : conditions()) {
            int from = r * source.data().width() + source.data().offset(port.name());
            System.arraycopy(data, from, inputs.values(), into, port.space().width());
            into += port.space().width();
        }
        weights.values()[r] = (float) weighed[n];
        times.values()[r] = (float) told[n];
    }

    private List<Signature.Port> conditions() {
        List<Signature.Port> from = source.matching().network().signature().from();
        return from.subList(1, from.size());
    }

    /** The pairs lie where the launches read them. */
    @Override
    public void queue(Stream stream, RowSet rows) {}

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
