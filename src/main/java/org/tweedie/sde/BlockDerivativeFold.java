package org.tweedie.sde;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Steering;
import org.tweedie.plan.Time;

/**
 * What {@link DerivativeFold} is to {@link Parametrisation#fold}, for {@link BlockFold}. With score_b = skip_b x_b + gain_b out_b(c x), c_b the scale of
 * a block's input: the derivative along v is skip_b v_b + gain_b (J c v)_b, the divergence by the block skip_b d_b + gain_b c_b div_b out. Immutable.
 */
record BlockDerivativeFold(BlockFold fold) implements Steering {
    @Override
    public Plan steer(Plan plan) {
        Plan folded = plan;
        NonUniformSde process = fold.process();
        for (int i = 0; i < process.intervals(); ++i) {
            String score = process.field(i);
            for (String field : List.of(FlowDensity.divergence(score), FlowDensity.tangent(score))) {
                if (folded.fields().contains(field)) {
                    String network = fold.network(i) + field.substring(score.length());
                    folded = process.alive(i).size() == 1
                            ? fold.each(i).get(0).foldDerivative(field, network).steer(folded)
                            : new Interval(i, folded, field, network).folded();
                }
            }
        }
        return folded;
    }

    /** The evaluations of an interval in which several blocks live. */
    private final class Interval {
        private final Plan plan;
        private final String field;
        private final String network;
        private final boolean tangent;
        private final List<Parametrisation> each;
        private final int[] widths;
        private final List<Register> registers;
        private final int[] inputs;
        private final int[] directions;
        private final int[] outputs;
        private final int[] derivatives;
        private final int input;
        private final int direction;
        private final int output;
        private final int derivative;
        private final int unit;
        private final Formula together;
        private final Formula apart;
        private final Formula derivativesApart;
        private final Formula one;

        Interval(int interval, Plan plan, String field, String network) {
            this.plan = plan;
            this.field = field;
            this.network = network;
            tangent = FlowDensity.isTangent(field);
            each = fold.each(interval);
            widths = fold.process().widths(interval).stream().mapToInt(w -> w).toArray();
            registers = new ArrayList<>(plan.registers());
            int[] ones = new int[widths.length];
            Arrays.fill(ones, 1);
            int[] slopes = tangent ? widths : ones;
            inputs = add("input", widths);
            directions = tangent ? add("direction", widths) : new int[0];
            outputs = add("output", widths);
            derivatives = add("derivative", slopes);
            int all = Arrays.stream(widths).sum();
            input = add("input", all);
            direction = tangent ? add("direction", all) : -1;
            output = add("output", all);
            derivative = add("derivative", Arrays.stream(slopes).sum());
            unit = tangent ? -1 : add("unit", 1);
            together = SideBySide.together(widths);
            apart = SideBySide.apart(widths);
            derivativesApart = SideBySide.apart(slopes);
            FormulaWriter f = Formula.writer("one");
            one = f.output(f.number(1)).formula();
        }

        private int[] add(String name, int[] of) {
            int[] added = new int[of.length];
            for (int b = 0; b < of.length; ++b) {
                added[b] = add(name + "." + (b + 1), of[b]);
            }
            return added;
        }

        private int add(String name, int width) {
            registers.add(new Register(network + "." + name, Space.euclidean(width), false));
            return registers.size() - 1;
        }

        Plan folded() {
            return plan.rewritten(
                    registers,
                    stage -> stage instanceof Stage.Evaluate evaluate
                                    && evaluate.field().equals(field)
                            ? stages(evaluate)
                            : List.of(stage));
        }

        private List<Stage> stages(Stage.Evaluate evaluate) {
            int blocks = widths.length;
            double t = evaluate.t().at();
            int taken = tangent ? 2 * blocks : blocks;
            int[] x = evaluate.from();
            List<Stage> stages = new ArrayList<>();
            for (int b = 0; b < blocks; ++b) {
                double scale = each.get(b).inputScale(t);
                stages.add(scaled(inputs[b], scale, x[b]));
                if (tangent) {
                    stages.add(scaled(directions[b], scale, x[blocks + b]));
                }
            }
            stages.add(new Stage.Apply(together, inputs, new int[] {input}));
            if (tangent) {
                stages.add(new Stage.Apply(together, directions, new int[] {direction}));
            }
            int own = tangent ? 2 : 1;
            int[] from = new int[own + x.length - taken];
            from[0] = input;
            if (tangent) {
                from[1] = direction;
            }
            System.arraycopy(x, taken, from, own, x.length - taken);
            stages.add(new Stage.Evaluate(
                    network, from, Time.at(each.get(0).networkTime(t)), new int[] {output, derivative}));
            stages.add(new Stage.Apply(apart, new int[] {output}, outputs));
            stages.add(new Stage.Apply(derivativesApart, new int[] {derivative}, derivatives));
            if (!tangent) {
                stages.add(new Stage.Apply(one, new int[0], new int[] {unit}));
            }
            for (int b = 0; b < blocks; ++b) {
                double scale = each.get(b).inputScale(t);
                double skip = each.get(b).skip(t);
                double gain = each.get(b).gain(t);
                int[] into = evaluate.into();
                stages.add(sum(into[b], skip, x[b], gain, outputs[b]));
                stages.add(
                        tangent
                                ? sum(into[blocks + b], skip, x[blocks + b], gain, derivatives[b])
                                : sum(into[blocks + b], skip * widths[b], unit, gain * scale, derivatives[b]));
            }
            return stages;
        }
    }

    private static Stage scaled(int into, double a, int x) {
        return new Stage.Combine(new int[] {into}, new double[][] {{a}}, new int[] {x});
    }

    private static Stage sum(int into, double a, int x, double b, int y) {
        return new Stage.Combine(new int[] {into}, new double[][] {{a, b}}, new int[] {x, y});
    }
}
