package org.tweedie;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.tweedie.bridge.BridgeFlow;
import org.tweedie.bridge.BridgeWalk;
import org.tweedie.bridge.Direction;
import org.tweedie.bridge.FrozenConditions;
import org.tweedie.bridge.ThereAndBack;
import org.tweedie.device.Device;
import org.tweedie.execution.GivenRows;
import org.tweedie.execution.Program;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Step;
import org.tweedie.score.Field;
import org.tweedie.score.Guide;
import org.tweedie.sde.Method;
import org.tweedie.sde.TimeGrid;
import org.tweedie.train.Dataset;

/** What a {@link ConditionalBridge} walks: rows start in the units of the data and end there, and between are u of {@link ConditionalUnits}. */
class ConditionalSource implements Sampler.Source {
    private static final String MEAN = "law.mean";
    private static final String DEVIATION = "law.deviation";

    private final FittedHalves fitted;
    private final ConditionalUnits units;
    private final Dataset rows;
    private final SharedUse use;
    private final Method method;

    /**
     * @param rows u and conditions, encoded
     * @param method of the walk or flow
     */
    ConditionalSource(FittedHalves fitted, ConditionalUnits units, Dataset rows, SharedUse use, Method method) {
        this.fitted = fitted;
        this.units = units;
        this.rows = rows;
        this.use = use;
        this.method = method;
    }

    @Override
    public Device device() {
        return fitted.device();
    }

    @Override
    public List<String> columns() {
        return rows.port(Dataset.X).columns();
    }

    @Override
    public TimeGrid grid(Method asked, int steps) {
        fitted.requireSteps(steps);
        return asked instanceof BridgeWalk walk
                ? walk.grid(fitted.process())
                : fitted.process().sizes().grid();
    }

    @Override
    public Program program(Method asked, TimeGrid grid, List<Guide> guides) {
        Plan plan = asked.plan(fitted.process(), grid);
        if (!(asked instanceof ThereAndBack)) {
            plan = units.conditions().steer(plan);
        }
        plan = fitted.guided(plan, guides);
        Map<String, Field> fields = new LinkedHashMap<>();
        for (String name : plan.fields()) {
            fields.put(name, fitted.network(Direction.valueOf(name.toUpperCase(Locale.ROOT))));
        }
        return Program.of(decoded(plan), fields);
    }

    /** With x = m + s u behind the last step, put out in the place of u, which is what is traced. */
    private Plan decoded(Plan plan) {
        Space space = fitted.process().space();
        List<Register> registers = new ArrayList<>(plan.registers());
        int state = plan.outputs()[0];
        registers.set(state, new Register("u", space, false));
        int at = registers.size();
        registers.add(new Register(Dataset.X, space, false));
        registers.add(new Register(MEAN, space, true));
        registers.add(new Register(DEVIATION, space, true));
        FormulaWriter f = Formula.writer("mean and deviations");
        FormulaWriter.Value u = f.input(space.width());
        FormulaWriter.Value mean = f.input(space.width());
        FormulaWriter.Value deviation = f.input(space.width());
        Formula formula = f.output(mean.plus(deviation.times(u))).formula();
        List<Step> steps = new ArrayList<>(plan.steps());
        Step last = steps.remove(steps.size() - 1);
        List<Stage> stages = new ArrayList<>(last.stages());
        stages.add(new Stage.Apply(formula, new int[] {state, at + 1, at + 2}, new int[] {at}));
        steps.add(new Step(last.t(), last.s(), stages, last.until()));
        int[] outputs = plan.outputs().clone();
        outputs[0] = at;
        int[] trace = plan.trace().length > 0 ? plan.trace() : new int[] {state};
        return new Plan(registers, steps, outputs, trace);
    }

    /** Conditions, of the way there too; rows are encoded with theirs. */
    @Override
    public GivenRows encodeGiven(String name, GivenRows given) {
        String port = name.startsWith(ThereAndBack.OWN) ? name.substring(ThereAndBack.OWN.length()) : name;
        return units.encoded(port, given);
    }

    @Override
    public Map<String, GivenRows> encoded(Map<String, GivenRows> given) {
        Map<String, GivenRows> encoded = new LinkedHashMap<>(Sampler.Source.super.encoded(given));
        FrozenConditions conditions = units.conditions();
        boolean back = method instanceof ThereAndBack;
        Map<String, GivenRows> asked = given;
        if (given.containsKey(Dataset.X)) {
            encoded.put(Dataset.X, units.u(Dataset.X, given, ""));
        } else if (given.containsKey(BridgeWalk.START)) {
            encoded.put(BridgeWalk.START, units.u(BridgeWalk.START, given, back ? ThereAndBack.OWN : ""));
        } else if (back) {
            conditions
                    .drawn(rows, true)
                    .forEach((name, drawn) ->
                            encoded.put(name.equals(BridgeWalk.START) ? name : ThereAndBack.OWN + name, drawn));
        } else if (startsFromRows() && conditions.ports().stream().noneMatch(port -> given.containsKey(port.name()))) {
            encoded.putAll(conditions.drawn(rows, true));
            Map<String, GivenRows> own = new LinkedHashMap<>();
            conditions.drawn(rows, false).forEach((port, drawn) -> own.put(port, units.decoded(port, drawn)));
            asked = own;
        }
        units.moments(asked, "").ifPresent(law -> {
            encoded.put(MEAN, law.mean());
            encoded.put(DEVIATION, law.deviation());
        });
        return encoded;
    }

    private boolean startsFromRows() {
        return method instanceof BridgeWalk walk
                ? walk.direction() == Direction.FORWARD
                : method instanceof BridgeFlow flow && flow.direction() == Direction.FORWARD;
    }

    /** What the plan puts out is in the units of the data; what it traces in those of u. */
    @Override
    public void decode(String register, float[] values) {}

    @Override
    public <T> T whileOpen(Supplier<T> work) {
        return use.reading(work::get);
    }
}
