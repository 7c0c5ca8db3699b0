package org.tweedie.sde;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Steering;
import org.tweedie.plan.Time;

/**
 * Rewrites evaluations of the score with a derivative as evaluations of a network with its own, as {@link Parametrisation#fold} and
 * {@link HybridParametrisation#fold} do those of the score alone. With score = skip x + gain out(c x), c the input's scale: its derivative along
 * v is skip v + gain c J v, its divergence skip d + gain c div out. Immutable.
 *
 * @param port of the input x that the derivative is by, among those of the score
 * @param numbers of time: the input's scale, skip, gain and the network's time
 * @param field {@link FlowDensity#divergence} or {@link FlowDensity#tangent} of a score, as the plan evaluates it
 * @param network the field that it evaluates instead, with the same ports
 */
record DerivativeFold(Space space, int port, DoubleFunction<double[]> numbers, String field, String network)
        implements Steering {
    @Override
    public Plan steer(Plan plan) {
        boolean tangent = FlowDensity.isTangent(field);
        List<Register> registers = new ArrayList<>(plan.registers());
        int input = registers.size();
        registers.add(new Register(network + ".input", space, false));
        registers.add(new Register(network + ".output", space, false));
        registers.add(new Register(network + ".derivative", tangent ? space : Space.euclidean(1), false));
        registers.add(new Register(network + ".dimension", Space.euclidean(1), false));
        return plan.rewritten(registers, stage -> {
            if (!(stage instanceof Stage.Evaluate evaluate) || !evaluate.field().equals(field)) {
                return List.of(stage);
            }
            return stages(evaluate, input, tangent);
        });
    }

    private List<Stage> stages(Stage.Evaluate evaluate, int input, boolean tangent) {
        double t = evaluate.t().at();
        double[] at = numbers.apply(t);
        double scale = at[0];
        double skip = at[1];
        double gain = at[2];
        int output = input + 1;
        int derivative = input + 2;
        int dimension = input + 3;
        int x = evaluate.from()[port];
        int[] from = evaluate.from().clone();
        List<Stage> stages = new ArrayList<>();
        if (scale != 1) {
            stages.add(new Stage.Combine(new int[] {input}, new double[][] {{scale}}, new int[] {x}));
            from[port] = input;
        }
        stages.add(new Stage.Evaluate(network, from, Time.at(at[3]), new int[] {output, derivative}));
        stages.add(combine(evaluate.into()[0], skip, x, gain, output));
        if (tangent || skip == 0) {
            stages.add(combine(
                    evaluate.into()[1],
                    skip,
                    tangent ? evaluate.from()[port + 1] : derivative,
                    gain * scale,
                    derivative));
        } else {
            stages.add(new Stage.Apply(dimension(), new int[] {}, new int[] {dimension}));
            stages.add(combine(evaluate.into()[1], skip, dimension, gain * scale, derivative));
        }
        return stages;
    }

    private static Stage combine(int into, double a, int x, double b, int y) {
        return new Stage.Combine(new int[] {into}, new double[][] {{a, b}}, new int[] {x, y});
    }

    private Formula dimension() {
        FormulaWriter f = Formula.writer("dimension");
        return f.output(f.number(space.width())).formula();
    }
}
