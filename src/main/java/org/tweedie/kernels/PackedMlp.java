package org.tweedie.kernels;

import java.util.Arrays;
import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.kernels.host.Halves;
import org.tweedie.kernels.host.TileOrder;

/**
 * The weights of a multilayer perceptron in 16 bits as {@link TrajectoryMlp} reads them: filled up with zeros, halved for SiLU, those of the
 * inputs in a high and a low part. Immutable; owns its buffers.
 */
public final class PackedMlp implements AutoCloseable {
    private final MlpShape shape;
    private final DeviceBuffer packed;
    private final DeviceBuffer tiles;
    private final DeviceBuffer outBias;

    private PackedMlp(MlpShape shape, DeviceBuffer packed, DeviceBuffer tiles, DeviceBuffer outBias) {
        this.shape = shape;
        this.packed = packed;
        this.tiles = tiles;
        this.outBias = outBias;
    }

    /**
     * Packs weights and waits until they are there.
     *
     * @param layers row-major, inputs by outputs: hidden layers, then the output layer
     * @param outBias of the output layer
     */
    public static PackedMlp of(Stream stream, MlpShape shape, List<float[]> layers, float[] outBias) {
        if (layers.size() != shape.depth() + 1 || outBias.length != shape.outputs()) {
            throw new IllegalArgumentException(shape + " has " + (shape.depth() + 1) + " layers and " + shape.outputs()
                    + " biases of outputs, got " + layers.size() + " and " + outBias.length);
        }
        Device device = stream.device();
        Element type = shape.operands().element();
        Closing owned = new Closing();
        try (Closing passing = new Closing()) {
            DeviceBuffer packed = owned.add(device.allocate(type, shape.packedElements()));
            DeviceBuffer tiles = shape.tiled() && device.limits().warpgroups()
                    ? owned.add(device.allocate(type, shape.packedElements()))
                    : packed;
            DeviceBuffer bias = owned.add(device.allocate(Element.F32, MlpShape.MOST_OUTPUTS));
            long at = 0;
            for (int l = 0; l <= shape.depth(); l++) {
                boolean aside = l == 0 && shape.operands().parts() == 1;
                if (shape.wide() && l > 0 && l < shape.depth()) {
                    short[] placed = WideLayer.of(type, shape.padded(), filled(shape, l, layers.get(l)));
                    stream.upload(placed, 0, packed, at, placed.length);
                    at += placed.length;
                    continue;
                }
                float[] filled = aside ? inputs(shape, type, layers.get(0)) : filled(shape, l, layers.get(l));
                int in = shape.operands().parts() * shape.packedIn(l);
                int out = shape.packedOut(l);
                DeviceBuffer from = passing.add(device.allocate(Element.F32, filled.length));
                stream.upload(filled, 0, from, 0, filled.length);
                PackedMatrix into = PackedMatrix.on(device, type, in, out);
                passing.add(into.data());
                MixedLinear.pack(stream, new Matrix(from, 0, in, out), into);
                stream.copy(into.data(), 0, packed, at, PackedMatrix.elements(in, out));
                if (tiles != packed && l > 0 && l < shape.depth()) {
                    short[] tiled = tiled(filled, in, type);
                    stream.upload(tiled, 0, tiles, at, tiled.length);
                } else if (tiles != packed) {
                    stream.copy(into.data(), 0, tiles, at, PackedMatrix.elements(in, out));
                }
                at += PackedMatrix.elements(in, out);
            }
            float[] filledBias = Arrays.copyOf(outBias, MlpShape.MOST_OUTPUTS);
            stream.upload(filledBias, 0, bias, 0, filledBias.length);
            stream.synchronize();
            return new PackedMlp(shape, packed, tiles, bias);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    /** A layer filled up with zeros; of split operands the low parts behind the high ones. */
    private static float[] filled(MlpShape shape, int l, float[] w) {
        int rows = l == 0 ? shape.inputs() : shape.width();
        int width = l == shape.depth() ? shape.outputs() : shape.width();
        int columns = shape.packedOut(l);
        int parts = shape.operands().parts();
        int low = shape.packedIn(l) * columns;
        float scale = l == shape.depth() ? 1 : shape.scale();
        requireCount(w, rows * width, l);
        float[] filled = new float[parts * low];
        for (int k = 0; k < rows; k++) {
            for (int j = 0; j < width; j++) {
                float value = scale * w[k * width + j];
                int at = k * columns + j;
                filled[at] =
                        parts == 1 ? value : nearest(value, shape.operands().element());
                if (parts == 2) {
                    filled[low + at] = Operands.LOW * (value - filled[at]);
                }
            }
        }
        return filled;
    }

    /** A square layer as products of warpgroups read it. */
    private static short[] tiled(float[] w, int width, Element type) {
        int count = width / TileOrder.depth(Short.BYTES);
        short[] tiled = new short[w.length];
        for (int k = 0; k < width; k++) {
            for (int j = 0; j < width; j++) {
                float value = w[k * width + j];
                tiled[(int) TileOrder.place(j, k, count, Short.BYTES)] =
                        type == Element.F16 ? Halves.f16(value) : Halves.bf16(value);
            }
        }
        return tiled;
    }

    /** Sixteen rows for four inputs: W_hi of the four twice, for the inputs' high and low parts, then W_lo twice. */
    private static float[] inputs(MlpShape shape, Element type, float[] w) {
        requireCount(w, shape.inputs() * shape.width(), 0);
        int columns = shape.padded();
        float[] filled = new float[shape.packedIn(0) * columns];
        for (int c = 0; c < shape.inputs(); c++) {
            for (int j = 0; j < shape.width(); j++) {
                float value = shape.scale() * w[c * shape.width() + j];
                float high = nearest(value, type);
                int row = c / 4 * 16 + c % 4;
                filled[row * columns + j] = high;
                filled[(row + 4) * columns + j] = high;
                filled[(row + 8) * columns + j] = value - high;
                filled[(row + 12) * columns + j] = value - high;
            }
        }
        return filled;
    }

    private static void requireCount(float[] w, int count, int l) {
        if (w.length != count) {
            throw new IllegalArgumentException("layer " + l + " has " + count + " weights, got " + w.length);
        }
    }

    /** The nearest number of the type, up to its bounds. */
    static float nearest(float v, Element type) {
        return type == Element.F16 ? Halves.fromF16(Halves.f16(v)) : Halves.fromBf16(Halves.bf16(v));
    }

    /**
     * Writes a row of biases as the kernel reads it.
     *
     * @param layers depth x width: what each layer gets from the time alone
     */
    public static void biasRow(MlpShape shape, float[] layers, int from, float[] into, int at) {
        for (int l = 0; l < shape.depth(); l++) {
            for (int j = 0; j < shape.width(); j++) {
                into[at + l * shape.padded() + j] = shape.scale() * layers[from + l * shape.width() + j];
            }
        }
    }

    public MlpShape shape() {
        return shape;
    }

    DeviceBuffer packed() {
        return packed;
    }

    /** The same with hidden layers as the kernel of {@link MlpShape#tiled} shapes reads them, on a device that has it. */
    DeviceBuffer tiles() {
        return tiles;
    }

    DeviceBuffer outBias() {
        return outBias;
    }

    @Override
    public void close() {
        packed.close();
        if (tiles != packed) {
            tiles.close();
        }
        outBias.close();
    }
}
