package org.tweedie.kernels;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.plan.Curves;
import org.tweedie.plan.Space;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.Coefficients;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.Prediction;
import org.tweedie.sde.QuantileTable;
import org.tweedie.sde.TimeSampling;
import org.tweedie.sde.VpSde;
import org.tweedie.sde.Weighting;

/** A network, a data set and some steps of training it by {@link TrainSteps}, and the same batch by the kernels of one step. */
record StepsLab(
        TrainStepsShape shape, float[] parameters, float[] data, int dataRows, int rows, int group, boolean pairs) {
    static final long SEED = 77;
    static final long FIRST = (1L << 33) + 5;
    static final int CAPACITY = 8;
    static final Adam.Rule RULE = new Adam.Rule(0.9, 0.99, 1e-8, 0.01);

    private static final Parametrisation PARAMETRISATION =
            Parametrisation.preconditioned(new VpSde().on(Space.euclidean(1)), Prediction.DENOISED, 1);

    /** Gaps between the tensors are not trained. */
    static StepsLab random(
            int width,
            int depth,
            int inputs,
            int outputs,
            int features,
            Activation activation,
            boolean residual,
            int rows,
            int group,
            int dataRows) {
        SplittableRandom random = new SplittableRandom(31 + width);
        int[] places = new int[3 * (depth + 1)];
        int at = features / 2 + 3;
        List<float[]> values = new ArrayList<>();
        for (int l = 0; l <= depth; l++) {
            int in = l == 0 ? inputs : width;
            int out = l == depth ? outputs : width;
            int[] counts = {in * out, l == depth ? 0 : features * out, out};
            double[] sizes = {1.5 / Math.sqrt(in), 0.6 / Math.sqrt(features), 0.5};
            for (int i = 0; i < 3; i++) {
                places[3 * l + i] = at;
                values.add(TrajectoryMlpTest.numbers(random, counts[i], sizes[i]));
                at += counts[i] + (counts[i] > 0 ? 1 : 0);
            }
        }
        float[] parameters = TrajectoryMlpTest.numbers(random, at, 1);
        for (int i = 0; i < places.length; i++) {
            System.arraycopy(values.get(i), 0, parameters, places[i], values.get(i).length);
        }
        TrainStepsShape shape =
                new TrainStepsShape(inputs, outputs, features, width, depth, activation, residual, places, at);
        return new StepsLab(
                shape,
                parameters,
                TrajectoryMlpTest.numbers(random, dataRows * (inputs + 1), 1),
                dataRows,
                rows,
                group,
                false);
    }

    /** The same network and batch on rows that are pairs, and one number more. */
    StepsLab ofPairs() {
        int wide = shape.inputs() + shape.outputs() + 3;
        float[] all = TrajectoryMlpTest.numbers(new SplittableRandom(5), dataRows * wide, 1);
        for (int r = 0; r < dataRows; r++) {
            int weight = r * wide + shape.inputs() + shape.outputs();
            all[weight] = 0.2f + Math.abs(all[weight]);
        }
        return new StepsLab(shape, parameters, all, dataRows, rows, 0, true);
    }

    /** What steps leave behind. */
    record Left(
            float[] weights,
            float[] first,
            float[] second,
            float[] mean,
            float[] gradient,
            float[] history,
            double[] control) {
        float[] all() {
            float[] all = new float[4 * weights.length + gradient.length + history.length];
            int at = 0;
            for (float[] part : new float[][] {weights, first, second, mean, gradient, history}) {
                System.arraycopy(part, 0, all, at, part.length);
                at += part.length;
            }
            return all;
        }
    }

    /** Steps in launches of so many; the learning rate of step k is 0.01 / k. */
    Left run(Lab lab, TrainSteps.Cut cut, int blocks, double clip, int... launches) {
        int wide = data.length / dataRows;
        View view = lab.rows(data, wide);
        try (Closing own = new Closing()) {
            TrainSteps.Memory memory = TrainSteps.memory(lab.stream(), shape, rows, cut, own);
            int[] columns = new int[shape.inputs()];
            for (int i = 0; i < columns.length; i++) {
                columns[i] = (int) view.offset() + (i + (pairs ? 0 : 1)) % wide;
            }
            QuantileTable quantile = QuantileTable.of(PARAMETRISATION.sde(), TimeSampling.LOGNORMAL);
            TrainSteps.Source source = new TrainSteps.Source(
                    view.data(),
                    dataRows,
                    view.stride(),
                    lab.ints(columns),
                    pairs
                            ? Optional.empty()
                            : Optional.of(new TrainSteps.Noising(
                                    lab.floats(quantile.values()), quantile.nodes(), group, table(lab))));
            float[] weights = parameters.clone();
            DeviceBuffer control = own.add(Adam.control(lab.stream()));
            TrainSteps.Learned learned = new TrainSteps.Learned(
                    lab.floats(weights),
                    lab.floats(new float[weights.length]),
                    lab.floats(new float[weights.length]),
                    lab.floats(weights),
                    control,
                    lab.floats(new float[2 * CAPACITY]));
            Device device = lab.stream().device();
            long step = 1;
            for (int count : launches) {
                double[][] scalars = new double[count][];
                for (int s = 0; s < count; s++) {
                    scalars[s] = scalars(step + s);
                }
                TrainSteps.run(
                        lab.stream(),
                        lab.rows(SEED, FIRST + (step - 1) * rows, rows),
                        memory,
                        source,
                        learned,
                        TrainSteps.blocks(device, memory, blocks),
                        step,
                        scalars,
                        clip,
                        RULE);
                step += count;
            }
            double[] scalars = new double[(int) control.count()];
            lab.stream().download(control, 0, scalars, 0, scalars.length);
            return new Left(
                    lab.read(learned.weights()),
                    lab.read(learned.first()),
                    lab.read(learned.second()),
                    lab.read(learned.mean()),
                    Arrays.copyOf(lab.read(memory.partial()), weights.length),
                    lab.read(learned.history()),
                    scalars);
        }
    }

    static double[] scalars(long step) {
        return new double[] {0.01 / step, Adam.correction(RULE.beta1(), step), Adam.correction(RULE.beta2(), step), 0.25
        };
    }

    private static Perturb.Table table(Lab lab) {
        Curves coefficients = Coefficients.training(PARAMETRISATION, Weighting.EDM, TimeSampling.LOGNORMAL);
        return new Perturb.Table(
                lab.floats(coefficients.values()), coefficients.nodes(), (float) coefficients.logFirst(), (float)
                        coefficients.inverseSpacing());
    }

    /** The gradient of the first step in double, with its bound, over the very rows that the kernels of one step draw. */
    MlpGradientError expected(double[] loss, double[] lossBound) {
        int wide = data.length / dataRows;
        int dim = shape.outputs();
        try (Device host = Device.open("cpu:1");
                Lab lab = new Lab(host)) {
            RowSet set = lab.rows(SEED, FIRST, rows);
            View batch = lab.out(rows, wide);
            View t = lab.out(rows, 1);
            View x = lab.out(rows, dim);
            View target = lab.out(rows, dim);
            View weight = lab.out(rows, 1);
            View told = lab.out(rows, 1);
            View features = lab.out(rows, shape.features());
            View clean = lab.out(rows, dim);
            QuantileTable quantile = QuantileTable.of(PARAMETRISATION.sde(), TimeSampling.LOGNORMAL);
            Batch.rows(lab.stream(), set, lab.floats(data), dataRows, batch);
            float[] all = lab.read(batch);
            if (pairs) {
                return expectedOfPairs(lab, all, wide, loss, lossBound);
            }
            float[] first = new float[rows * dim];
            for (int i = 0; i < first.length; i++) {
                first[i] = all[i / dim * wide + (i % dim + 1) % wide];
            }
            lab.stream().upload(first, 0, clean.data(), 0, first.length);
            Perturb.times(
                    lab.stream(), set, t, lab.floats(quantile.values()), quantile.nodes(), group, Purpose.TIME, 0);
            Perturb.run(
                    lab.stream(),
                    set,
                    clean,
                    t,
                    table(lab),
                    Purpose.NOISE,
                    0,
                    new Perturb.Into(x, target, null, weight, told));
            TimeFeatures.forward(
                    lab.stream(), set, told, View.shared(lab.floats(parameters), 0, shape.features() / 2), features);
            float[] noisy = lab.read(x);
            float[] goal = lab.read(target);
            float[] factor = lab.read(weight);
            float[] angle = lab.read(features);
            MlpGradientError error = new MlpGradientError(MlpGradientError.Layers.of(shape), parameters);
            for (int r = 0; r < rows; r++) {
                float[] in = new float[shape.inputs()];
                for (int c = 0; c < in.length; c++) {
                    in[c] = c < dim ? noisy[r * dim + c] : all[r * wide + (c + 1) % wide];
                }
                loss[r] = error.row(
                        in,
                        Arrays.copyOfRange(angle, r * shape.features(), (r + 1) * shape.features()),
                        Arrays.copyOfRange(goal, r * dim, (r + 1) * dim),
                        factor[r],
                        (float) (1.0 / rows));
                lossBound[r] = error.lossBound();
            }
            return error;
        }
    }

    private MlpGradientError expectedOfPairs(Lab lab, float[] all, int wide, double[] loss, double[] lossBound) {
        int inputs = shape.inputs();
        int weight = inputs + shape.outputs();
        float[] told = new float[rows];
        for (int r = 0; r < rows; r++) {
            told[r] = all[r * wide + weight + 1];
        }
        View features = lab.out(rows, shape.features());
        TimeFeatures.forward(
                lab.stream(),
                lab.rows(SEED, FIRST, rows),
                lab.rows(told, 1),
                View.shared(lab.floats(parameters), 0, shape.features() / 2),
                features);
        float[] angle = lab.read(features);
        MlpGradientError error = new MlpGradientError(MlpGradientError.Layers.of(shape), parameters);
        for (int r = 0; r < rows; r++) {
            float[] pair = Arrays.copyOfRange(all, r * wide, (r + 1) * wide);
            loss[r] = error.row(
                    Arrays.copyOf(pair, inputs),
                    Arrays.copyOfRange(angle, r * shape.features(), (r + 1) * shape.features()),
                    Arrays.copyOfRange(pair, inputs, weight),
                    pair[weight],
                    (float) (1.0 / rows));
            lossBound[r] = error.lossBound();
        }
        return error;
    }
}
