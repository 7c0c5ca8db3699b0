package org.tweedie.train;

import org.tweedie.device.Stream;
import org.tweedie.kernels.TrainSteps;

/** Where {@link ResidentSteps} draw their rows from. For one stream; holds device memory until closed. */
interface ResidentRows extends AutoCloseable {
    TrainSteps.Source source();

    /** Makes ready what step {@code step}, from 1, draws from. May wait for the stream. */
    void prepare(Stream stream, long step);

    /** The last step that draws from what was made ready for {@code step}. */
    long served(long step);

    /** Queues what makes pairs of the same objective under another process that learns. */
    void follow(Stream stream, Objective objective);

    @Override
    void close();
}
