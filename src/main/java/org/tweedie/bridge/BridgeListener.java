package org.tweedie.bridge;

import org.tweedie.train.TrainListener;

/** Hears how a bridge is fitted, on the thread that fits; must return soon. */
public interface BridgeListener {
    /** Hears nothing. */
    BridgeListener NONE = new BridgeListener() {};

    /** Half bridge {@code half}, from 0, of {@code halves} begins; what it returns hears its training. */
    default TrainListener began(int half, int halves) {
        return TrainListener.NONE;
    }

    /** Half bridge {@code half} is done. */
    default void fitted(int half, HalfBridge done) {}
}
