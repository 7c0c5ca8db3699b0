package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.TrainSteps;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;

/** The rows of a data set, of which the kernel makes pairs of denoising score matching. */
final class NoisedRows implements ResidentRows {
    private final Closing owned = new Closing();
    private final PairTables tables;
    private final TrainSteps.Source source;

    /** @param table the data set, on the device of the stream */
    NoisedRows(Regression regression, Dataset data, DeviceBuffer table, Stream stream) {
        Device device = stream.device();
        try {
            int[] columns = columns(regression.network(), data);
            DeviceBuffer columnTable = owned.add(device.allocate(Element.I32, columns.length));
            stream.upload(columns, 0, columnTable, 0, columns.length);
            DenoisingScoreMatching matching = matching(regression);
            tables = owned.add(new PairTables(matching, device));
            source = new TrainSteps.Source(
                    table,
                    data.rows(),
                    data.width(),
                    columnTable,
                    Optional.of(new TrainSteps.Noising(
                            tables.quantile(), tables.nodes(), matching.group(), tables.table())));
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private static DenoisingScoreMatching matching(Regression regression) {
        return regression.denoising().orElseThrow();
    }

    private static int[] columns(Network network, Dataset data) {
        List<Integer> columns = new ArrayList<>();
        for (Signature.Port port : network.signature().from()) {
            int first = data.offset(columns.isEmpty() ? Dataset.X : port.name());
            for (int d = 0; d < port.space().width(); d++) {
                columns.add(first + d);
            }
        }
        return columns.stream().mapToInt(Integer::intValue).toArray();
    }

    @Override
    public TrainSteps.Source source() {
        return source;
    }

    @Override
    public void prepare(Stream stream, long step) {}

    @Override
    public long served(long step) {
        return Long.MAX_VALUE;
    }

    @Override
    public void follow(Stream stream, Objective objective) {
        tables.follow(stream, matching((Regression) objective));
    }

    @Override
    public void close() {
        owned.close();
    }
}
