package org.tweedie.train;

import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Perturb;
import org.tweedie.plan.Curves;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.QuantileTable;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeSampling;

/** The tables from which pairs of denoising score matching are made, on a device. For one stream. */
final class PairTables implements AutoCloseable {
    private final int nodes;
    private final Closing owned = new Closing();
    private final DeviceBuffer quantile;
    private final Perturb.Table table;

    PairTables(DenoisingScoreMatching matching, Device device) {
        this(QuantileTable.of(matching.parametrisation().sde(), matching.sampling()), training(matching), device);
    }

    private static Curves training(DenoisingScoreMatching matching) {
        return Coefficients.training(matching.parametrisation(), matching.weighting(), matching.sampling());
    }

    /** Queues the coefficients of the same matching under another process that learns; the times of ranks are its clock's and stay. */
    void follow(Stream stream, DenoisingScoreMatching matching) {
        Curves now = training(matching);
        if (now.values().length != table.data().count()) {
            throw new IllegalArgumentException(
                    "the process does not learn: its table has " + now.nodes() + " nodes, not " + table.nodes());
        }
        stream.upload(now.values(), 0, table.data(), 0, now.values().length);
    }

    /** For the network's inputs and times alone. */
    static PairTables inputs(Parametrisation p, TimeSampling sampling, Device device) {
        Sde sde = p.sde();
        Curves coefficients =
                Coefficients.of(sde, t -> new double[] {
                    p.inputScale(t) * sde.alpha(t), p.inputScale(t) * sde.sigma(t), 0, 0, 1, p.networkTime(t)
                });
        return new PairTables(QuantileTable.of(sde, sampling), coefficients, device);
    }

    PairTables(QuantileTable ranks, Curves coefficients, Device device) {
        nodes = ranks.nodes();
        try {
            quantile = uploaded(ranks.values(), device, owned);
            table = table(coefficients, device, owned);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    /** A table of coefficients on a device. */
    static Perturb.Table table(Curves coefficients, Device device, Closing owned) {
        return new Perturb.Table(
                uploaded(coefficients.values(), device, owned),
                coefficients.nodes(),
                (float) coefficients.logFirst(),
                (float) coefficients.inverseSpacing());
    }

    private static DeviceBuffer uploaded(float[] values, Device device, Closing owned) {
        DeviceBuffer buffer = owned.add(device.allocate(Element.F32, values.length));
        try (Stream stream = device.stream()) {
            stream.upload(values, 0, buffer, 0, values.length);
            stream.synchronize();
        }
        return buffer;
    }

    DeviceBuffer quantile() {
        return quantile;
    }

    /** Of the quantile. */
    int nodes() {
        return nodes;
    }

    Perturb.Table table() {
        return table;
    }

    @Override
    public void close() {
        owned.close();
    }
}
