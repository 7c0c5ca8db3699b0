package org.tweedie.bench.workloads;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.tweedie.Likelihood;
import org.tweedie.ScoreModel;
import org.tweedie.device.Device;
import org.tweedie.io.Json;
import org.tweedie.rng.Law;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;

/**
 * W6: log-densities of rows under the network of W1 by the probability-flow ODE, 50 steps of Runge and Kutta's fourth order, four evaluations each: with the
 * exact divergence, two derivatives an evaluation, and with one probe a row (Hutchinson). From the caller's rows to the caller's numbers.
 */
final class Densities {
    private static final long ROWS = 1 << 18;
    private static final int STEPS = 50;
    private static final int CHECKED = 1024;

    private Densities() {}

    static void run(Bench bench) {
        NeuralSampling network = NeuralSampling.ALL.get(0);
        int count = bench.scaled(ROWS);
        try (ScoreModel model = network.model(bench.device())) {
            float[] rows = rows(network.dim(), count);
            Likelihood exact = model.likelihood().steps(STEPS).exact();
            Likelihood probed = model.likelihood().steps(STEPS).hutchinson(1, Law.RADEMACHER);
            float[] few = rows(network.dim(), Math.min(count, CHECKED));
            double[] log = exact.of(few, 1).log();
            double off = mean(probed.of(few, 1).log(), log);
            double finer = mean(exact.steps(2 * STEPS).of(few, 1).log(), log);
            if (!(Math.abs(finer) < 1e-2) || !(Math.abs(off) < 5)) {
                throw new IllegalStateException("W6: probes are off by " + off + " errors, half steps by " + finer);
            }
            String check = String.format(Locale.ROOT, "half steps change the mean by %.0e, probes %.1f errors off", finer, off);
            time(bench, "exact divergence", exact, rows, network.flop() * (1 + network.dim()), check);
            time(bench, "one probe", probed, rows, network.flop() * 2, check);
        }
    }

    private static void time(Bench bench, String what, Likelihood likelihood, float[] rows, double flop, String check) {
        int count = rows.length / NeuralSampling.ALL.get(0).dim();
        String by = likelihood.of(rows, 1).execution();
        bench.rows()
                .accept(new Row(
                        "W6",
                        "Tweedie " + by + ", " + what,
                        "F",
                        count + " rows x " + STEPS + " steps",
                        bench.wall(() -> likelihood.of(rows, 1)),
                        flop * count * STEPS * 4,
                        "flop",
                        check));
    }

    /** The mean difference in standard errors; plainly where it has none. */
    private static double mean(double[] a, double[] b) {
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) / a.length;
            squares += (a[i] - b[i]) * (a[i] - b[i]) / a.length;
        }
        double error = Math.sqrt(Math.max(0, squares - sum * sum) / a.length);
        return error > 1e-3 ? sum / error : sum;
    }

    private static float[] rows(int dim, int count) {
        float[] all = Training.data(dim).values(Dataset.X);
        float[] rows = new float[count * dim];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = all[i % all.length];
        }
        return rows;
    }

    /** For peers: rows as the network sees them, their log-densities there, and the level at the start, middle and end of each step. */
    static void write(Path folder) throws IOException {
        NeuralSampling network = NeuralSampling.ALL.get(0);
        try (Device device = Device.open("cpu");
                ScoreModel model = network.model(device)) {
            Sde process = model.sde();
            TimeGrid grid = TimeGrid.uniformLogSnr(process, STEPS).reversed();
            float[] levels = new float[(2 * STEPS + 1) * Levels.WIDTH];
            for (int i = 0; i <= 2 * STEPS; i++) {
                double t = i == 2 * STEPS ? grid.s(STEPS - 1) : grid.t(i / 2);
                if (i % 2 == 1) {
                    double from = Math.log(process.noiseToSignal(grid.t(i / 2)));
                    double to = Math.log(process.noiseToSignal(grid.s(i / 2)));
                    t = process.timeOfNoiseToSignal(Math.exp((from + to) / 2));
                }
                System.arraycopy(Levels.at(model, t), 0, levels, i * Levels.WIDTH, Levels.WIDTH);
            }
            float[] rows = rows(network.dim(), CHECKED);
            double[] log = model.likelihood().steps(STEPS).exact().of(rows, 1).log();
            float[] encoded = Levels.encoded(model, rows);
            double volume = logVolume(model, network.dim());
            float[] there = new float[log.length];
            for (int i = 0; i < log.length; i++) {
                there[i] = (float) (log[i] - volume);
            }
            Levels.write(folder, "W6-levels.npy", levels, Levels.WIDTH);
            Levels.write(folder, "W6-rows.npy", encoded, network.dim());
            Levels.write(folder, "W6-densities.npy", there, 1);
            try (OutputStream file = Files.newOutputStream(folder.resolve("W6.json"));
                    Json json = Json.to(file)) {
                json.object()
                        .field("rows", ROWS)
                        .field("steps", (long) STEPS)
                        .field("prior", process.priorDeviation())
                        .field("flop", network.flop())
                        .end();
            }
        }
    }

    /** ln of how much the encoding widens volumes. */
    private static double logVolume(ScoreModel model, int dim) {
        float[] corners = new float[(dim + 1) * dim];
        for (int d = 0; d < dim; d++) {
            corners[(d + 1) * dim + d] = 1;
        }
        float[] there = Levels.encoded(model, corners);
        double volume = 0;
        for (int d = 0; d < dim; d++) {
            volume += Math.log(Math.abs((double) there[(d + 1) * dim + d] - there[d]));
        }
        return volume;
    }
}
