package org.tweedie.bridge;

import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;

/** Hears how a bridge is fitted, on the thread that fits; must return soon. */
public interface BridgeListener {
    /** Hears nothing. */
    BridgeListener NONE = new BridgeListener() {};

    /** Half bridge {@code half}, from 0, of {@code halves} begins; what it returns hears its training. */
    default TrainListener began(int half, int halves) {
        return TrainListener.NONE;
    }

    /**
     * Half bridge {@code half} is done.
     *
     * @param result how its training went
     * @param ends where walks of it end, from rows of its start drawn at random: some 1000 rows, encoded; the listener's to keep
     */
    default void fitted(int half, HalfBridge done, TrainResult result, float[] ends) {}
}
