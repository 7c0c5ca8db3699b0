package org.tweedie.bench.yardsticks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.tweedie.bench.Dense;

/**
 * Writes a {@link Dense} network as an ONNX model, protobuf by hand: Gemm, then x * Sigmoid(x), layer by layer; input {@code x}
 * and output {@code y}, both [n, width] float. Field numbers are those of onnx.proto, IR version 8, operator set 17.
 */
final class Onnx {
    private static final int FLOAT = 1;
    private static final int INT_ATTRIBUTE = 2;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private Onnx() {}

    static byte[] model(Dense network) {
        Onnx graph = new Onnx().text(2, "dense");
        String h = "x";
        for (int layer = 0; layer < network.layers(); layer++) {
            int in = network.widths()[layer];
            int width = network.widths()[layer + 1];
            boolean last = layer == network.layers() - 1;
            String sum = last ? "y" : "a" + layer;
            graph.message(5, tensor("W" + layer, network.weights()[layer], width, in));
            graph.message(5, tensor("b" + layer, network.biases()[layer], width));
            Onnx transposed = new Onnx().text(1, "transB").number(3, 1).number(20, INT_ATTRIBUTE);
            graph.message(1, node("Gemm", sum, h, "W" + layer, "b" + layer).message(5, transposed));
            if (!last) {
                graph.message(1, node("Sigmoid", "s" + layer, sum));
                graph.message(1, node("Mul", "h" + layer, sum, "s" + layer));
                h = "h" + layer;
            }
        }
        graph.message(11, port("x", network.in())).message(12, port("y", network.out()));
        Onnx operators = new Onnx().number(2, 17);
        return new Onnx().number(1, 8).message(7, graph).message(8, operators).out.toByteArray();
    }

    private static Onnx node(String operator, String output, String... inputs) {
        Onnx node = new Onnx();
        for (String input : inputs) {
            node.text(1, input);
        }
        return node.text(2, output).text(4, operator);
    }

    private static Onnx tensor(String name, float[] values, int... shape) {
        Onnx tensor = new Onnx();
        for (int size : shape) {
            tensor.number(1, size);
        }
        ByteBuffer raw = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        raw.asFloatBuffer().put(values);
        return tensor.number(2, FLOAT).text(8, name).bytes(9, raw.array());
    }

    private static Onnx port(String name, int width) {
        Onnx rows = new Onnx().text(2, "n");
        Onnx columns = new Onnx().number(1, width);
        Onnx shape = new Onnx().message(1, rows).message(1, columns);
        Onnx type = new Onnx().message(1, new Onnx().number(1, FLOAT).message(2, shape));
        return new Onnx().text(1, name).message(2, type);
    }

    private Onnx number(int field, long value) {
        varint(field << 3);
        varint(value);
        return this;
    }

    private Onnx text(int field, String value) {
        return bytes(field, value.getBytes(UTF_8));
    }

    private Onnx message(int field, Onnx message) {
        return bytes(field, message.out.toByteArray());
    }

    private Onnx bytes(int field, byte[] value) {
        varint(field << 3 | 2);
        varint(value.length);
        out.writeBytes(value);
        return this;
    }

    private void varint(long value) {
        for (; (value & ~0x7fL) != 0; value >>>= 7) {
            out.write((int) (value & 0x7f | 0x80));
        }
        out.write((int) value);
    }
}
