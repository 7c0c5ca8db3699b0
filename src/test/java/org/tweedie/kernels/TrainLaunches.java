package org.tweedie.kernels;

import static org.tweedie.kernels.Lab.all;
import static org.tweedie.kernels.Lab.random;
import static org.tweedie.kernels.LaunchSet.close;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceKind;

/** Launches of what trains: gradients of a network, whole steps, Adam. */
final class TrainLaunches {
    private TrainLaunches() {}

    static List<LaunchSet.Case> over(int rows) {
        List<LaunchSet.Case> cases = new ArrayList<>();
        for (TrainSteps.Form form : TrainSteps.Form.values()) {
            cases.add(close("steps " + rows + " " + form, lab -> steps(lab, rows, form)));
        }
        for (int width : new int[] {33, 65}) {
            cases.add(close("train " + rows + " x " + width, lab -> train(lab, rows, width)));
        }
        return cases;
    }

    /**
     * Steps of training in two launches of several blocks, once with the bits of one block; nothing on the host, which has no such kernel. All blocks run
     * at once and in one order, so this is what notices a barrier that is missing.
     */
    static float[] steps(Lab lab, int rows, TrainSteps.Form form) {
        if (lab.stream().device().kind() == DeviceKind.HOST) {
            return new float[0];
        }
        boolean narrow = form == TrainSteps.Form.NARROW;
        boolean shallow = narrow && rows == 33;
        int some = shallow ? 330 : narrow ? 5 * rows / 2 : rows; // six parts of a tile, or of two and of one
        StepsLab made = StepsLab.random(
                narrow ? 100 : rows == 65 ? 65 : 20,
                shallow ? 1 : narrow ? 3 : 2,
                3,
                2,
                18,
                Activation.GELU,
                rows == 65 && !narrow,
                some,
                some / 2,
                rows);
        StepsLab net = rows == 1 ? made.ofPairs() : made;
        TrainSteps.Cut cut =
                narrow ? TrainSteps.Cut.parts(form, some, shallow ? 6 : 2) : TrainSteps.Cut.of(form, some, 64);
        if (cut.room() > lab.stream().device().limits().sharedBytes()) {
            return new float[0]; // a device whose blocks have less: it trains otherwise
        }
        StepsLab.Left left = net.run(lab, cut, 0, 0.5, 1, 2);
        if (left.control()[Adam.HALTED] != 0) {
            throw new IllegalStateException("a loss or gradient is not finite"); // nor would anything after it differ
        }
        float[] many = left.all();
        if ((rows == 33 || narrow && rows == 65)
                && !Arrays.equals(many, net.run(lab, cut, 1, 0.5, 1, 2).all())) {
            throw new IllegalStateException("several blocks give other bits than one");
        }
        return many;
    }

    /** The gradient of a network, and the losses. */
    static float[] train(Lab lab, int rows, int width) {
        Activation activation = width < 64 ? Activation.SILU : Activation.GELU;
        MlpShape mlp = new MlpShape(Operands.BF16, width, 5, 3, width < 64 ? 3 : 1, activation, width < 64);
        int features = 18;
        int[] places = new int[3 * (mlp.depth() + 1)];
        int at = 2;
        for (int l = 0; l <= mlp.depth(); l++) {
            int out = l == mlp.depth() ? mlp.outputs() : width;
            places[3 * l] = at;
            places[3 * l + 1] = at += (l == 0 ? mlp.inputs() : width) * out;
            places[3 * l + 2] = at += l == mlp.depth() ? 0 : features * out;
            at += out;
        }
        try (Closing own = new Closing()) {
            TrainMlp.Memory memory =
                    TrainMlp.memory(lab.stream(), new TrainMlpShape(mlp, features, places, at), rows, own);
            DeviceBuffer gradient = lab.untouched(at);
            DeviceBuffer losses = lab.untouched(rows);
            TrainMlp.gradient(
                    lab.stream(),
                    lab.living(rows),
                    memory,
                    lab.floats(random(at, 50)),
                    lab.rows(random(rows * 5, 51), 5),
                    lab.rows(random(rows * features, 52), features),
                    lab.rows(random(rows * 3, 53), 3),
                    lab.rows(random(rows, 54), 1),
                    0.25f,
                    gradient,
                    losses);
            return all(lab.read(gradient), lab.read(losses));
        }
    }

    static float[] adam(Lab lab) {
        Adam.Rule rule = new Adam.Rule(0.9, 0.99, 1e-8, 0.01);
        int count = 1021;
        DeviceBuffer w = lab.floats(random(count, 24));
        DeviceBuffer first = lab.floats(new float[count]);
        DeviceBuffer second = lab.floats(new float[count]);
        DeviceBuffer mean = lab.floats(random(count, 24));
        DeviceBuffer history = lab.floats(new float[4]);
        DeviceBuffer sums = lab.floats(3, 4, 5);
        try (DeviceBuffer control = Adam.control(lab.stream())) {
            for (int k = 1; k <= 3; k++) {
                Adam.assign(lab.stream(), control, k, 1e-2 / k, 0.1, rule);
                Adam.judge(lab.stream(), control, sums, 2, 0.5, 0.5, history);
                Adam.update(
                        lab.stream(),
                        control,
                        0,
                        count,
                        w,
                        lab.floats(random(count, 24 + k)),
                        first,
                        second,
                        mean,
                        rule);
            }
            double[] scalars = new double[(int) control.count()];
            lab.stream().download(control, 0, scalars, 0, scalars.length);
            float[] rounded = new float[scalars.length];
            for (int i = 0; i < rounded.length; i++) {
                rounded[i] = (float) scalars[i];
            }
            return all(lab.read(w), lab.read(first), lab.read(second), lab.read(mean), lab.read(history), rounded);
        }
    }
}
