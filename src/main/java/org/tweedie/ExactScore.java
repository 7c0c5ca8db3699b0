package org.tweedie;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.tweedie.device.Device;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Steering;
import org.tweedie.score.Differentiable;
import org.tweedie.score.Directional;
import org.tweedie.score.Divergence;
import org.tweedie.score.Field;
import org.tweedie.score.Guide;
import org.tweedie.sde.FlowDensity;
import org.tweedie.sde.Langevin;
import org.tweedie.sde.Method;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Noising;
import org.tweedie.sde.Sde;
import org.tweedie.sde.TimeGrid;

/** A score that is known, or a density, which has two outputs, the score and the log-density: the field is evaluated as it is, rows are in the process's own units. */
record ExactScore(Device device, Noising moved, Field score) implements DensitySource {
    @Override
    public List<String> columns() {
        List<String> columns = new ArrayList<>();
        for (int i = 1; i <= moved.space().width(); i++) {
            columns.add("x" + i);
        }
        return columns;
    }

    @Override
    public TimeGrid grid(Method method, int steps) {
        return new MethodSpec(method, steps).grid(moved);
    }

    @Override
    public Program program(Method method, TimeGrid grid, List<Guide> guides) {
        Plan plan = method.plan(moved, grid);
        Map<String, Field> fields = new HashMap<>();
        for (Guide guide : guides) {
            Guide.Guided guided = guide instanceof Sampler.Rewrite rewrite ? rewrite.guided() : guide.on(target());
            plan = guided.steer(plan);
            fields.putAll(guided.fields());
        }
        return scored(plan, fields);
    }

    @Override
    public Program scored(Plan plan) {
        return scored(plan, new HashMap<>());
    }

    /** @param fields beside the score */
    private Program scored(Plan plan, Map<String, Field> fields) {
        if (score.signature().into().size() == 1) {
            fields.put(Sde.SCORE, score);
            return Program.of(plan, fields);
        }
        fields.put(Langevin.DENSITY, score);
        return Program.of(new ScoreOfDensity(moved.space()).steer(plan), fields);
    }

    private Guide.Target target() {
        double[] ones = new double[moved.space().width()];
        Arrays.fill(ones, 1);
        return new Guide.Target(kind().guided(), new double[ones.length], ones, this::differentiable);
    }

    @Override
    public ModelKind kind() {
        return ModelKind.of(moved);
    }

    private Differentiable differentiable() {
        if (score instanceof Differentiable field) {
            return field;
        }
        throw new IllegalArgumentException(
                "the derivative of this score is not known; what steers by it needs a Differentiable field");
    }

    /** A density knows the score too: every evaluation of the score becomes one of it, whose log-density nobody reads. Immutable. */
    private record ScoreOfDensity(Space space) implements Steering {
        @Override
        public Plan steer(Plan plan) {
            List<Register> registers = new ArrayList<>(plan.registers());
            int unread = registers.size();
            registers.add(new Register("unread.logDensity", Space.euclidean(1), false));
            return plan.rewritten(
                    registers,
                    stage -> stage instanceof Stage.Evaluate evaluate
                                    && evaluate.field().equals(Sde.SCORE)
                            ? List.of(new Stage.Evaluate(Langevin.DENSITY, evaluate.from(), evaluate.t(), new int[] {
                                evaluate.into()[0], unread
                            }))
                            : List.of(stage));
        }
    }

    @Override
    public Program derivatives(Plan plan) {
        if (!(score instanceof Differentiable field)) {
            throw new IllegalArgumentException(
                    "the derivative of this score is not known; a density needs a Differentiable field");
        }
        Map<String, Field> fields = new HashMap<>();
        for (String name : plan.fields()) {
            int port = kind().state().size() - 1;
            fields.put(
                    name,
                    name.equals(FlowDensity.TANGENT) ? new Directional(field, port) : new Divergence(field, port));
        }
        return Program.of(plan, fields);
    }

    @Override
    public double logDeterminant(float[] row, int index, Map<String, GivenRows> given) {
        return 0;
    }

    @Override
    public GivenRows encodeGiven(String name, GivenRows rows) {
        return rows;
    }

    @Override
    public void decode(String register, float[] rows) {}

    @Override
    public <T> T whileOpen(Supplier<T> work) {
        return work.get();
    }
}
