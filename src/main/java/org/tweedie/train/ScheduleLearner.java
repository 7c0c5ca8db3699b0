package org.tweedie.train;

import java.util.Arrays;
import org.tweedie.device.Device;
import org.tweedie.device.Stream;
import org.tweedie.io.Checkpoint;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.MonotoneSchedule;
import org.tweedie.sde.Parametrisation;
import org.tweedie.sde.VdmSde;

/** The schedule of a {@link VdmSde} beside a network that learns: its errors on rows of the data, at times that suit {@link ScheduleDescent}. */
final class ScheduleLearner implements ProcessLearner {
    private static final String STATE = "process.schedule";
    private static final int ROWS = 256;

    private final TrainSpec spec;
    private final ScheduleDescent descent;
    private final int width;
    private final double meanSquare;
    private final NoiseErrors errors;
    private Regression objective;

    /** @param objective of the weights that learn */
    ScheduleLearner(Regression objective, Dataset data, TrainSpec spec, Device device) {
        this.spec = spec;
        this.objective = objective;
        descent = new ScheduleDescent(sde().schedule());
        float[] x = data.values(Dataset.X);
        width = data.port(Dataset.X).width();
        double sum = 0;
        for (float value : x) {
            sum += (double) value * value;
        }
        meanSquare = sum / data.rows();
        errors = new NoiseErrors(objective.network(), data, ROWS, 4, Philox.part(spec.seed(), Long.MAX_VALUE), device);
    }

    private VdmSde sde() {
        return (VdmSde) objective.denoising().orElseThrow().parametrisation().sde();
    }

    @Override
    public VdmSde process() {
        return sde();
    }

    @Override
    public Objective step(Stream stream, long k) {
        long number = k / spec.process().every();
        MonotoneSchedule schedule = descent.schedule();
        double[] ways = new double[ROWS];
        double[] times = new double[4 * ROWS];
        double shift = Philox.words(Philox.part(spec.seed(), Long.MAX_VALUE), number, Purpose.TIME, 0)
                .uniform(0);
        for (int r = 0; r < ROWS; r++) {
            ways[r] = (r + shift) / ROWS;
            times[r] = VdmSde.time(ways[r]);
        }
        Arrays.fill(times, ROWS, 2 * ROWS, sde().timeOfLogSnr(-(schedule.first() + ScheduleDescent.NEAR)));
        Arrays.fill(times, 2 * ROWS, 3 * ROWS, sde().timeOfLogSnr(-(schedule.first() - ScheduleDescent.NEAR)));
        Arrays.fill(times, 3 * ROWS, 4 * ROWS, sde().horizon());
        double[] squares =
                errors.squares(stream, objective.denoising().orElseThrow().parametrisation(), number, times);
        descent.step(
                new ScheduleDescent.Errors(
                        ways,
                        Arrays.copyOf(squares, ROWS),
                        mean(squares, 1),
                        mean(squares, 2),
                        mean(squares, 3),
                        width,
                        meanSquare),
                spec.process().rate(k, spec.steps()));
        return follow();
    }

    private static double mean(double[] squares, int part) {
        double sum = 0;
        for (int r = part * ROWS; r < (part + 1) * ROWS; r++) {
            sum += squares[r];
        }
        return sum / ROWS;
    }

    private Regression follow() {
        DenoisingScoreMatching was = objective.denoising().orElseThrow();
        Parametrisation now = new Parametrisation(
                sde().with(descent.schedule()),
                was.parametrisation().prediction(),
                was.parametrisation().dataScale());
        objective =
                new DenoisingScoreMatching(now, was.weighting(), was.sampling(), was.group()).of(objective.network());
        return objective;
    }

    @Override
    public void save(Checkpoint into) {
        into.put(STATE, descent.state());
    }

    @Override
    public Objective restore(Checkpoint from) {
        descent.restore(from.doubles(STATE, descent.stateLength()));
        return follow();
    }

    @Override
    public void close() {
        errors.close();
    }
}
