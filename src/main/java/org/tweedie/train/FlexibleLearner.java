package org.tweedie.train;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.io.Checkpoint;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.rng.Words;
import org.tweedie.score.Instant;
import org.tweedie.score.Signature;
import org.tweedie.score.Tape;
import org.tweedie.sde.FlexibleBound;
import org.tweedie.sde.FlexibleMoment;
import org.tweedie.sde.FlexibleParametrisation;
import org.tweedie.sde.FlexibleSde;
import org.tweedie.sde.FlexibleTerms;

/**
 * The numbers of a {@link FlexibleSde} beside a network that learns: the gradient of the mean cost of rows of the data, each by its prior, its way at
 * one time and its cutoff, the network held. Matrices in double on the host, network and its derivative along its inputs on the device.
 */
final class FlexibleLearner implements ProcessLearner {
    private static final String STATE = "process.flexible";

    /** Rows of the data a step, and times of the way. */
    private static final int ROWS = 256;

    private static final int TIMES = 32;

    /** Rows of the way, then the same at the cutoff. */
    private static final int ALL = 2 * ROWS;

    private final TrainSpec spec;
    private final FlexibleDescent descent;
    private final Dataset data;
    private final long seed;
    private final int width;
    private final Closing owned = new Closing();
    private final Tape tape;
    private final RowSet set;
    private final List<View> inputs = new ArrayList<>();
    private final List<View> backs = new ArrayList<>();
    private final View out;
    private final View time;
    private FlexibleMatching objective;

    /** @param objective of the weights that learn */
    FlexibleLearner(FlexibleMatching objective, Dataset data, TrainSpec spec, Device device) {
        this.objective = objective;
        this.data = data;
        this.spec = spec;
        descent = new FlexibleDescent(objective.parametrisation().sde());
        width = data.port(Dataset.X).width();
        seed = Philox.part(spec.seed(), Long.MAX_VALUE);
        try {
            tape = owned.add(objective.network().tape(device, ALL));
            set = owned.add(RowSet.on(device));
            for (Signature.Port port : objective.network().signature().from()) {
                inputs.add(rows(device, port.space().width()));
                backs.add(rows(device, port.space().width()));
            }
            out = rows(device, width);
            time = rows(device, 1);
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private View rows(Device device, int width) {
        return View.rows(owned.add(device.allocate(Element.F32, (long) ALL * width)), width);
    }

    @Override
    public FlexibleSde process() {
        return descent.sde();
    }

    @Override
    public FlexibleMatching step(Stream stream, long k) {
        FlexibleBound.Term cost = cost(stream, k / spec.process().every());
        descent.step(cost.gradient(), spec.process().rate(k, spec.steps()));
        return follow();
    }

    /** The draw's rows of the data, by their places, and their noise: of the way, then at the cutoff. */
    private final class Draw {
        private final int[] chosen = new int[ROWS];
        private final double[][] clean = new double[ALL][width];
        private final double[][] noise = new double[ALL][width];

        Draw(long number) {
            float[] x = data.values();
            for (int r = 0; r < ROWS; r++) {
                long index = number * ROWS + r;
                chosen[r] = (int) (Philox.words(seed, index, Purpose.DATA, 0).uniform(0) * data.rows());
                Words words = Philox.words(seed, index, Purpose.NOISE, 0);
                for (int i = 0; i < width; i++) {
                    clean[r][i] = x[chosen[r] * data.width() + data.offset(Dataset.X) + i];
                    clean[ROWS + r][i] = clean[r][i];
                    noise[r][i] = words.normal(i);
                    noise[ROWS + r][i] = words.normal(width + i);
                }
            }
        }
    }

    /** The mean cost of a row in nats, estimated by a draw, with its gradient along the process's numbers. */
    FlexibleBound.Term cost(Stream stream, long number) {
        FlexibleParametrisation p = objective.parametrisation();
        Draw draw = new Draw(number);
        double shift = Philox.words(seed, number, Purpose.TIME, 0).uniform(0);
        double[] times = new double[TIMES + 1];
        FlexibleMoment[] moments = new FlexibleMoment[TIMES + 1];
        FlexibleTerms[] terms = new FlexibleTerms[TIMES + 1];
        for (int n = 0; n <= TIMES; n++) {
            times[n] = n < TIMES ? p.time((n + shift) / TIMES) : p.sde().cutoff();
            moments[n] = p.at(times[n]);
            terms[n] = new FlexibleTerms(moments[n]);
        }
        float[] told = new float[ALL];
        float[] x = new float[ALL * width];
        for (int r = 0; r < ALL; r++) {
            int n = place(r);
            told[r] = (float) p.networkTime(times[n]);
            double[] noisy = moments[n].noisy(draw.clean[r], draw.noise[r]);
            for (int i = 0; i < width; i++) {
                x[r * width + i] = (float) noisy[i];
            }
        }
        float[] put = forward(stream, draw, x, told);
        double[][] backs = new double[ALL][];
        float[] cotangents = new float[ALL * width];
        for (int r = 0; r < ALL; r++) {
            int n = place(r);
            double[] share = new double[width];
            double[] score = new double[width];
            for (int i = 0; i < width; i++) {
                share[i] = moments[n].gain(i) * put[r * width + i];
                score[i] = share[i] - x[r * width + i];
            }
            backs[r] = n < TIMES
                    ? terms[n].way(1 / (p.density(times[n]) * ROWS), draw.noise[r], score)
                    : terms[n].end(1.0 / ROWS, draw.noise[r], score);
            terms[n].scaled(backs[r], share);
            for (int i = 0; i < width; i++) {
                cotangents[r * width + i] = (float) (moments[n].gain(i) * backs[r][i]);
            }
        }
        float[] through = backward(stream, cotangents);
        for (int r = 0; r < ALL; r++) {
            double[] back = new double[width];
            for (int i = 0; i < width; i++) {
                back[i] = through[r * width + i] - backs[r][i]; // the score has -x in it
            }
            terms[place(r)].moved(back, draw.clean[r], draw.noise[r]);
        }
        FlexibleTerms prior = new FlexibleTerms(p.at(p.sde().horizon()));
        for (int r = 0; r < ROWS; r++) {
            prior.prior(1.0 / ROWS, draw.clean[r]);
        }
        return sum(prior, terms);
    }

    /** The time of a row. */
    private static int place(int r) {
        return r < ROWS ? r % TIMES : TIMES;
    }

    private static FlexibleBound.Term sum(FlexibleTerms prior, FlexibleTerms[] terms) {
        FlexibleBound.Term first = prior.term();
        double value = first.value();
        double[] gradient = first.gradient().clone();
        for (FlexibleTerms each : terms) {
            FlexibleBound.Term term = each.term();
            value += term.value();
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] += term.gradient()[i];
            }
        }
        return new FlexibleBound.Term(value, gradient);
    }

    private float[] forward(Stream stream, Draw draw, float[] x, float[] told) {
        stream.upload(told, 0, time.data(), 0, told.length);
        stream.upload(x, 0, inputs.get(0).data(), 0, x.length);
        List<Signature.Port> ports = objective.network().signature().from();
        float[] all = data.values();
        for (int port = 1; port < inputs.size(); port++) {
            int wide = inputs.get(port).width();
            float[] values = new float[ALL * wide];
            for (int r = 0; r < ALL; r++) {
                int from = draw.chosen[r % ROWS] * data.width()
                        + data.offset(ports.get(port).name());
                System.arraycopy(all, from, values, r * wide, wide);
            }
            stream.upload(values, 0, inputs.get(port).data(), 0, values.length);
        }
        set.assign(stream, seed, 0, ALL);
        tape.forward(stream, set, inputs, Instant.perRow(time), List.of(out));
        float[] put = new float[ALL * width];
        stream.download(out.data(), 0, put, 0, put.length);
        return put;
    }

    /** What goes back to x through the network. */
    private float[] backward(Stream stream, float[] cotangents) {
        stream.upload(cotangents, 0, out.data(), 0, cotangents.length);
        tape.backward(stream, set, List.of(out), null, backs);
        float[] back = new float[ALL * width];
        stream.download(backs.get(0).data(), 0, back, 0, back.length);
        return back;
    }

    private FlexibleMatching follow() {
        objective = objective.under(new FlexibleParametrisation(descent.sde()));
        return objective;
    }

    @Override
    public void save(Checkpoint into) {
        into.put(STATE, descent.state());
    }

    @Override
    public FlexibleMatching restore(Checkpoint from) {
        descent.restore(from.doubles(STATE, descent.stateLength()));
        return follow();
    }

    @Override
    public void close() {
        owned.close();
    }
}
