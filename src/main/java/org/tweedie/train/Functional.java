package org.tweedie.train;

import org.tweedie.device.Device;

/**
 * A number J of a law that is known by its rows; {@link WassersteinStep} takes the law down its Wasserstein gradient. Immutable, shared by threads.
 */
public sealed interface Functional permits KullbackLeibler, KernelDiscrepancy {
    /** Numbers in a row of the law. */
    int width();

    /** Everything that decides its numbers, as text. */
    String spec();

    /**
     * Opens the gradient of a step down this functional.
     *
     * @throws IllegalArgumentException if it takes no batch of {@code rows} rows
     */
    Gradient open(WassersteinStep step, Device device, int rows);
}
