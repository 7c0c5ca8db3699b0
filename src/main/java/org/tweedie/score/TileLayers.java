package org.tweedie.score;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Matrix;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.TileLinear;
import org.tweedie.kernels.TileMatrix;
import org.tweedie.kernels.TileNumbers;
import org.tweedie.kernels.TileRows;
import org.tweedie.kernels.View;

/** Layers by the products of warpgroups ({@link TileLinear}). */
final class TileLayers implements ReducedLayers {
    private final Closing owned = new Closing();
    private final List<TileMatrix> weights = new ArrayList<>();
    private final TileRows[] hidden = new TileRows[2];

    /** @param outputs of the last layer */
    TileLayers(Stream stream, TileNumbers numbers, int rows, int width, int depth, int outputs) {
        try {
            for (int l = 1; l <= depth; l++) {
                TileMatrix into = TileMatrix.on(stream.device(), numbers, width, l == depth ? outputs : width);
                owned.add(into.data());
                weights.add(into);
            }
            for (int i = 0; i < 2; i++) {
                hidden[i] = TileRows.on(stream, numbers, rows, width);
                owned.add(hidden[i].data());
            }
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    @Override
    public void pack(Stream stream, int l, Matrix from) {
        TileLinear.pack(stream, from, weights.get(l - 1));
    }

    @Override
    public void first(
            Stream stream,
            RowSet rows,
            @Nullable View x,
            Matrix w,
            @Nullable View bias,
            @Nullable View add,
            Activation activation) {
        TileLinear.thin(stream, rows, x, w, bias, add, activation, hidden[0]);
    }

    @Override
    public void hidden(
            Stream stream,
            RowSet rows,
            int l,
            @Nullable View bias,
            @Nullable View add,
            Activation activation,
            boolean residual) {
        TileRows x = hidden[(l - 1) % 2];
        TileLinear.forward(
                stream, rows, x, weights.get(l - 1), bias, add, activation, residual ? x : null, null, hidden[l % 2]);
    }

    @Override
    public void output(Stream stream, RowSet rows, int l, View bias, View out) {
        TileRows x = hidden[(l - 1) % 2];
        TileLinear.forward(stream, rows, x, weights.get(l - 1), bias, null, Activation.IDENTITY, null, out, null);
    }

    @Override
    public void close() {
        owned.close();
    }
}
