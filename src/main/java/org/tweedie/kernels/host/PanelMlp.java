package org.tweedie.kernels.host;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.tweedie.device.Arguments;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;
import org.tweedie.device.LaunchShape;
import org.tweedie.device.Stream;
import org.tweedie.device.Team;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;

/**
 * All layers of a multilayer perceptron over one panel of rows after the other, on the host device: hidden layers stay in the
 * nearest caches, and their weights are packed once. The bits are those of the layers one by one. For one thread at a time, as
 * the evaluator that owns it; the launches themselves spread over the device's threads.
 */
public final class PanelMlp {
    /** Work that is worth another thread, in products. */
    private static final long GRAIN = 1 << 18;

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    /**
     * Sizes of the network. Immutable.
     *
     * @param ports widths of the inputs, which side by side are the input of the first layer
     * @param weights where the weights of each layer lie, k times outputs + j; the last is the output layer
     */
    public record Shape(
            List<Integer> ports, int width, int outputs, int activation, boolean residual, List<Long> weights) {
        public Shape {
            ports = List.copyOf(ports);
            weights = List.copyOf(weights);
        }

        int depth() {
            return weights.size() - 1;
        }

        int inputs() {
            return ports.stream().mapToInt(Integer::intValue).sum();
        }

        /**
         * Inputs of layer {@code l} with a zero between two ports: adding it to a sum of -0 gives +0, as starting a new sum from
         * the last port's does.
         */
        int in(int l) {
            return l == 0 ? inputs() + ports.size() - 1 : width;
        }

        int out(int l) {
            return l == depth() ? outputs : width;
        }

        /** The first layer's weights, which begin at {@code source}, with a row of zeros between two ports. */
        float[] first(float[] w, int source) {
            float[] first = new float[in(0) * out(0)];
            int row = 0;
            for (int port : ports) {
                System.arraycopy(w, source, first, row * out(0), port * out(0));
                source += port * out(0);
                row += port + 1;
            }
            return first;
        }
    }

    private static final class Scratch {
        private float[] now = new float[0];
        private float[] next = new float[0];

        void atLeast(int count) {
            if (now.length < count) {
                now = new float[count];
                next = new float[count];
            }
        }

        void swap() {
            float[] other = now;
            now = next;
            next = other;
        }
    }

    private final RowPanels panels;
    private final Simd simd = Simd.best();
    private final Shape shape;
    private final int[] at;
    private final float[] packed;
    private final int tallest;
    private final long grain;
    private final KernelEntry pack;
    private final KernelEntry forward;

    private PanelMlp(RowPanels panels, Shape shape) {
        this.panels = panels;
        this.shape = shape;
        at = new int[shape.depth() + 1];
        int total = 0;
        int most = 0;
        long products = 0;
        for (int l = 0; l <= shape.depth(); l++) {
            at[l] = total;
            total = Math.addExact(total, panels.packed(shape.in(l), shape.out(l)));
            most = Math.max(most, Math.max(shape.in(l), shape.out(l) + 1));
            products += (long) shape.in(l) * shape.out(l);
        }
        packed = new float[total];
        tallest = most * panels.rows();
        grain = Math.max(1, GRAIN / Math.max(1, products * panels.rows())) * panels.rows();
        pack = KernelEntry.of("host_mlp_pack", (a, team) -> pack(a.floats(0), a.offset(0)), Parameter.POINTER);
        List<Parameter> parameters = new ArrayList<>(
                List.of(Parameter.POINTER, Parameter.POINTER, Parameter.POINTER, Parameter.POINTER, Parameter.I32));
        for (int port = 0; port < shape.ports().size(); port++) {
            parameters.add(Parameter.POINTER);
            parameters.add(Parameter.I32);
        }
        forward = new KernelEntry("host_mlp", parameters, this::run);
    }

    /** Panels for this network, or empty where there are no vectors to gain from or too few rows to fill one. */
    public static Optional<PanelMlp> of(Shape shape, int rows) {
        return Simd.best()
                .panels()
                .filter(panels -> 2 * rows >= panels.rows())
                .map(panels -> new PanelMlp(panels, shape));
    }

    /** Queues the packing of the weights; {@link #forward} computes with them as they are then. */
    public void pack(Stream stream, DeviceBuffer weights) {
        stream.launch(
                stream.device().kernel(pack),
                new LaunchShape(1, 1, 1, 1, 1, 1, 0),
                new Arguments(pack).buffer(weights));
    }

    private void pack(float[] weights, int from) {
        float[] first =
                shape.first(weights, from + Math.toIntExact(shape.weights().get(0)));
        panels.pack(first, 0, shape.in(0), shape.out(0), packed, at[0]);
        for (int l = 1; l <= shape.depth(); l++) {
            int w = from + Math.toIntExact(shape.weights().get(l));
            panels.pack(weights, w, shape.in(l), shape.out(l), packed, at[l]);
        }
    }

    /**
     * Queues an evaluation.
     *
     * @param from one view a port
     * @param biases of all hidden layers, one after the other, shared by all rows
     */
    public void forward(Stream stream, RowSet rows, List<View> from, View biases, View outBias, View into) {
        Arguments a = new Arguments(forward);
        rows.into(a);
        biases.into(a);
        outBias.into(a);
        into.into(a).i32(into.stride());
        for (View view : from) {
            view.into(a).i32(view.stride());
        }
        stream.launch(stream.device().kernel(forward), new LaunchShape(1, 1, 1, 1, 1, 1, 0), a);
    }

    private void run(Arguments a, Team team) {
        RowSet rows = Live.rows(a, 0);
        Live.each(rows, team, grain, (from, to) -> {
            Scratch scratch = SCRATCH.get();
            scratch.atLeast(tallest);
            for (int r = from; r < to; r += panels.rows()) {
                int some = Math.min(panels.rows(), to - r);
                gather(a, r, some, scratch.now);
                layers(a, scratch);
                scatter(scratch.now, a.floats(3), a.offset(3) + r * a.int32(4), a.int32(4), some);
            }
        });
    }

    private void gather(Arguments a, int first, int some, float[] panel) {
        int each = panels.rows();
        int k = 0;
        for (int port = 0; port < shape.ports().size(); port++) {
            float[] x = a.floats(5 + 2 * port);
            int stride = a.int32(6 + 2 * port);
            int xAt = a.offset(5 + 2 * port) + first * stride;
            for (int c = 0; c < shape.ports().get(port); c++, k++) {
                for (int r = 0; r < some; r++) {
                    panel[k * each + r] = x[xAt + r * stride + c];
                }
                Arrays.fill(panel, k * each + some, (k + 1) * each, 0f);
            }
            if (port + 1 < shape.ports().size()) {
                Arrays.fill(panel, k * each, (k + 1) * each, 0f);
                k++;
            }
        }
    }

    private void layers(Arguments a, Scratch scratch) {
        int each = panels.rows();
        for (int l = 0; l < shape.depth(); l++) {
            int biasAt = a.offset(1) + l * shape.width();
            panels.layer(packed, at[l], shape.in(l), shape.width(), a.floats(1), biasAt, scratch.now, scratch.next);
            simd.activate(shape.activation(), scratch.next, 0, scratch.next, 0, shape.width() * each);
            if (shape.residual() && l > 0) {
                add(scratch.next, scratch.now, shape.width() * each);
            }
            scratch.swap();
        }
        int last = shape.depth();
        panels.layer(
                packed, at[last], shape.width(), shape.outputs(), a.floats(2), a.offset(2), scratch.now, scratch.next);
        scratch.swap();
    }

    private static void add(float[] sum, float[] more, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += more[i];
        }
    }

    private void scatter(float[] panel, float[] out, int outAt, int stride, int some) {
        int each = panels.rows();
        for (int j = 0; j < shape.outputs(); j++) {
            for (int r = 0; r < some; r++) {
                out[outAt + r * stride + j] = panel[j * each + r];
            }
        }
    }
}
