package org.tweedie.train;

import java.util.Optional;
import java.util.stream.IntStream;
import org.tweedie.device.Closing;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.TrainSteps;

/** Pairs of a feed that keeps them in a table. */
final class FedPairs implements ResidentRows {
    private final Closing owned = new Closing();
    private final Feed feed;
    private final TrainSteps.Source source;

    /**
     * @param feed owned by this from now on
     * @param table where it keeps its pairs
     */
    FedPairs(PairRegression regression, Feed feed, Feed.Table table, Stream stream) {
        this.feed = owned.add(feed);
        try {
            int inputs = regression.network().signature().inputs();
            DeviceBuffer columns = owned.add(stream.device().allocate(Element.I32, inputs));
            stream.upload(IntStream.range(0, inputs).toArray(), 0, columns, 0, inputs);
            source = new TrainSteps.Source(table.pairs(), table.count(), table.width(), columns, Optional.empty());
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    @Override
    public TrainSteps.Source source() {
        return source;
    }

    @Override
    public void prepare(Stream stream, long step) {
        feed.prepare(stream, step);
    }

    @Override
    public long served(long step) {
        return feed.served(step);
    }

    /** Pairs are those of a process that stays. */
    @Override
    public void follow(Stream stream, Objective objective) {
        throw new IllegalStateException("the process of pairs does not learn: " + objective.spec());
    }

    @Override
    public void close() {
        owned.close();
    }
}
