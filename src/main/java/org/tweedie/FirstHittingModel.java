package org.tweedie;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.tweedie.device.Device;
import org.tweedie.execution.CancelToken;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.hitting.Drive;
import org.tweedie.hitting.FirstHitting;
import org.tweedie.hitting.HittingDomain;
import org.tweedie.hitting.HittingFitting;
import org.tweedie.hitting.HittingProcess;
import org.tweedie.hitting.HittingSpec;
import org.tweedie.hitting.HittingSteps;
import org.tweedie.plan.Plan;
import org.tweedie.score.Field;
import org.tweedie.score.Guide;
import org.tweedie.sde.Method;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainListener;
import org.tweedie.train.TrainResult;

/**
 * A model whose walks end where they first hit a set: unit vectors, rows of zeros and ones, categories, each after a time of its own (Ye, Wu, Liu, "First hitting diffusion
 * models for generating manifold, graph and categorical data", NeurIPS 2022, arXiv 2209.01170).
 *
 * <pre>{@code
 * try (FirstHittingModel model = FirstHittingModel.fit(quakes, UnitBall.of(3), HittingSpec.standard(), device)) {
 *     Samples samples = model.sample(1000, 7);
 *     float[] places = samples.rows();            // on the sphere
 *     float[] times = samples.output("tau");      // when each was hit
 * }
 * }</pre>
 *
 * <p>Any number of threads may sample at once; closing waits for them.
 */
public final class FirstHittingModel implements AutoCloseable {
    private final Device device;
    private final HittingDomain domain;
    private final FirstHitting method;
    private final Map<String, Field> fields;
    private final List<String> columns;
    private final Optional<TrainResult> result;
    private final SharedUse use;

    private FirstHittingModel(
            Device device,
            HittingDomain domain,
            FirstHitting method,
            Map<String, Field> fields,
            List<String> columns,
            Optional<TrainResult> result,
            Runnable release) {
        this.device = device;
        this.domain = domain;
        this.method = method;
        this.fields = fields;
        this.columns = columns;
        this.result = result;
        this.use = new SharedUse("this model", release);
    }

    /**
     * Fits a model to rows that lie on the set.
     *
     * @throws IllegalArgumentException if a row does not, or has another width; says which, and what to do
     */
    public static FirstHittingModel fit(Dataset data, HittingDomain domain, HittingSpec spec, Device device) {
        return fit(data, domain, spec, device, TrainListener.NONE, new CancelToken());
    }

    /** The same, heard and stopped from outside: {@link #result} says how it ended, and the model walks by what was fitted. */
    public static FirstHittingModel fit(
            Dataset data,
            HittingDomain domain,
            HittingSpec spec,
            Device device,
            TrainListener listener,
            CancelToken cancel) {
        if (data.ports().size() != 1) {
            throw new IllegalArgumentException("a first-hitting model has no conditions, got " + data.ports());
        }
        if (data.width() != domain.ends().width()) {
            throw new IllegalArgumentException("walks of " + domain.spec() + " end at rows of "
                    + domain.ends().width() + " numbers, the data's are " + data.width());
        }
        domain.require(data.values());
        HittingFitting fitting = new HittingFitting(domain, spec, device);
        try {
            TrainResult result = fitting.run(data, listener, cancel);
            return new FirstHittingModel(
                    device,
                    domain,
                    new FirstHitting(spec.steps(), domain.learns()),
                    Map.of(FirstHitting.FIELD, fitting.network()),
                    data.columns(),
                    Optional.of(result),
                    fitting::close);
        } catch (RuntimeException | Error e) {
            fitting.close();
            throw e;
        }
    }

    /** Walks by a drift that is known: a field of the place, as wide as it, such as {@link org.tweedie.score.FormulaField}. */
    public static FirstHittingModel of(HittingDomain domain, Field drift, HittingSteps steps, Device device) {
        return known(domain, new FirstHitting(steps, Drive.DRIFT), Map.of(FirstHitting.FIELD, drift), device);
    }

    /** Brownian motion of the domain: its ends have the harmonic measure of the start. */
    public static FirstHittingModel base(HittingDomain domain, HittingSteps steps, Device device) {
        return known(domain, new FirstHitting(steps, Drive.BASE), Map.of(), device);
    }

    private static FirstHittingModel known(
            HittingDomain domain, FirstHitting method, Map<String, Field> fields, Device device) {
        List<String> columns = IntStream.rangeClosed(1, domain.ends().width())
                .mapToObj(i -> "x" + i)
                .toList();
        return new FirstHittingModel(device, domain, method, fields, columns, Optional.empty(), () -> {});
    }

    /** Walks. Beside {@code x} they put out {@code tau}, the time of the hit, {@code nfe}, the steps, and {@code remaining}, the distance left of a row that ran out of them. */
    public Sampler sampler() {
        use.requireOpen();
        return new Sampler(new Source(), method).grid(HittingProcess.grid());
    }

    /** Samples 0 to {@code count - 1} of a seed. */
    public Samples sample(int count, long seed) {
        return sampler().sample(count, seed);
    }

    /** How the training ended; nothing where the drift was known. */
    public Optional<TrainResult> result() {
        return result;
    }

    public HittingDomain domain() {
        return domain;
    }

    @Override
    public void close() {
        use.close();
    }

    private final class Source implements Sampler.Source {
        @Override
        public Device device() {
            return device;
        }

        @Override
        public List<String> columns() {
            return columns;
        }

        @Override
        public TimeGrid grid(Method method, int steps) {
            throw new IllegalArgumentException("rows take steps of their own, "
                    + FirstHittingModel.this.method.steps().spec() + ", got " + steps
                    + "; set the steps where the model is made");
        }

        @Override
        public Program program(Method method, TimeGrid grid, List<Guide> guides) {
            Plan plan = method.plan(new HittingProcess(domain), grid);
            for (Guide guide : guides) {
                if (!(guide instanceof Sampler.Rewrite rewrite)) {
                    throw new IllegalArgumentException("a walk that hits has no score that '" + guide.spec()
                            + "' could steer by; only rewrites of its plan do");
                }
                plan = rewrite.steering().steer(plan);
            }
            return Program.of(plan, fields);
        }

        @Override
        public GivenRows encodeGiven(String name, GivenRows rows) {
            return rows;
        }

        @Override
        public void decode(String register, float[] rows) {}

        @Override
        public <T> T whileOpen(Supplier<T> work) {
            return use.reading(work::get);
        }
    }
}
