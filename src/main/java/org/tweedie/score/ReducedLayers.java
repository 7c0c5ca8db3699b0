package org.tweedie.score;

import org.jspecify.annotations.Nullable;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Matrix;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/**
 * Layers with products of rounded numbers and the rows between them, as a device has them. Two sets of hidden rows are used in turn: layer
 * {@code l} writes number {@code l % 2}. Holds a copy of the weights of the layers after the first, the output layer last.
 */
interface ReducedLayers extends AutoCloseable {
    /** Queues the rounding of the weights of layer {@code l}, from 1 on. */
    void pack(Stream stream, int l, Matrix weights);

    /** Queues the first layer, in f32, to rounded rows. */
    void first(
            Stream stream,
            RowSet rows,
            @Nullable View x,
            Matrix weights,
            @Nullable View bias,
            @Nullable View add,
            Activation activation);

    /** Queues hidden layer {@code l}, from 1 on. */
    void hidden(
            Stream stream,
            RowSet rows,
            int l,
            @Nullable View bias,
            @Nullable View add,
            Activation activation,
            boolean residual);

    /** Queues the output layer, number {@code l}, to f32. */
    void output(Stream stream, RowSet rows, int l, View bias, View out);

    @Override
    void close();
}
