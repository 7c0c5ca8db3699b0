package org.tweedie.score;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Matrix;
import org.tweedie.kernels.MixedLinear;
import org.tweedie.kernels.PackedLinear;
import org.tweedie.kernels.PackedLinear.Curve;
import org.tweedie.kernels.PackedMatrix;
import org.tweedie.kernels.PackedRows;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/** Layers of F16 or BF16 by the products of warps ({@link PackedLinear}). */
final class PackedLayers implements ReducedLayers {
    private final Closing owned = new Closing();
    private final List<PackedMatrix> weights = new ArrayList<>();
    private final PackedRows[] hidden = new PackedRows[2];

    /** @param outputs of the last layer */
    PackedLayers(Stream stream, Element type, int rows, int width, int depth, int outputs) {
        try {
            for (int l = 1; l <= depth; l++) {
                PackedMatrix into = PackedMatrix.on(stream.device(), type, width, l == depth ? outputs : width);
                owned.add(into.data());
                weights.add(into);
            }
            for (int i = 0; i < 2; i++) {
                hidden[i] = PackedRows.on(stream, type, rows, width);
                owned.add(hidden[i].data());
            }
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    @Override
    public void pack(Stream stream, int l, Matrix from) {
        MixedLinear.pack(stream, from, weights.get(l - 1));
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
        PackedLinear.thin(stream, rows, x, w, bias, add, activation, Curve.APPROXIMATE, hidden[0]);
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
        PackedRows x = hidden[(l - 1) % 2];
        PackedLinear.forward(
                stream,
                rows,
                x,
                weights.get(l - 1),
                bias,
                add,
                activation,
                Curve.APPROXIMATE,
                residual ? x : null,
                null,
                hidden[l % 2]);
    }

    @Override
    public void output(Stream stream, RowSet rows, int l, View bias, View out) {
        PackedRows x = hidden[(l - 1) % 2];
        PackedLinear.forward(
                stream, rows, x, weights.get(l - 1), bias, null, Activation.IDENTITY, Curve.EXACT, null, out, null);
    }

    @Override
    public void close() {
        owned.close();
    }
}
