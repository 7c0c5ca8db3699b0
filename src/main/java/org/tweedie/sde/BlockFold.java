package org.tweedie.sde;

import java.util.ArrayList;
import java.util.List;
import org.tweedie.plan.Formula;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Register;
import org.tweedie.plan.Space;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Steering;
import org.tweedie.plan.Time;

/**
 * Rewrites every evaluation of an interval's score as one of its network: each block's input and score by its own {@link Parametrisation}, the
 * network's one output, all blocks side by side, taken apart between. The network is told the time of the first block that lives. Inputs behind
 * the blocks go to the network as they are. Immutable.
 *
 * @param dataScale of the preconditioning
 * @param network the field evaluated for interval i is {@code network.(i + 1)}, or {@code network} where there is one interval
 */
public record BlockFold(NonUniformSde process, Prediction prediction, double dataScale, String network) {
    /** The name of the network of an interval, in plans and in a model file. */
    public String network(int interval) {
        return process.intervals() == 1 ? network : network + "." + (interval + 1);
    }

    /**
     * Rewrites every evaluation of a score of the blocks that live in an interval as one of its network.
     *
     * @param score the field that the plan evaluates: {@link NonUniformSde#field} of the interval, or another of the same ports
     * @param network the field that it evaluates instead
     */
    public Steering fold(int interval, String score, String network) {
        return process.alive(interval).size() == 1
                ? each(interval).get(0).fold(score, network)
                : plan -> plan.fields().contains(score) ? folded(plan, interval, score, network) : plan;
    }

    /**
     * Rewrites every evaluation of an interval's score with a derivative, as {@link FlowDensity} makes them, as one of a network of all blocks side
     * by side, with its derivative by them: {@link #network} of the interval with {@code .divergence} behind, (x; t) to (out, the divergence of each
     * block's part by that block), or {@code .tangent}, (x, direction; t) to (out, its derivative along the direction).
     */
    public Steering derivatives() {
        return new BlockDerivativeFold(this);
    }

    /** How the network of an interval and the score of each of its blocks translate. */
    List<Parametrisation> each(int interval) {
        return process.alive(interval).stream()
                .map(b -> Parametrisation.preconditioned(process.blocks().get(b).sde(), prediction, dataScale))
                .toList();
    }

    private Plan folded(Plan plan, int i, String score, String field) {
        List<Integer> alive = process.alive(i);
        List<Parametrisation> each = each(i);
        List<Register> registers = new ArrayList<>(plan.registers());
        int[] inputs = new int[alive.size()];
        int[] outputs = new int[alive.size()];
        for (int b = 0; b < inputs.length; ++b) {
            NonUniformSde.Block block = process.blocks().get(alive.get(b));
            inputs[b] = registers.size();
            registers.add(
                    new Register(field + ".input." + block.name(), block.sde().space(), false));
            outputs[b] = registers.size();
            registers.add(
                    new Register(field + ".output." + block.name(), block.sde().space(), false));
        }
        int all = registers.size();
        registers.add(new Register(field + ".output", Space.euclidean(process.width(i)), false));
        Formula apart =
                SideBySide.apart(process.widths(i).stream().mapToInt(w -> w).toArray());
        return plan.rewritten(registers, stage -> {
            if (!(stage instanceof Stage.Evaluate evaluate) || !evaluate.field().equals(score)) {
                return List.of(stage);
            }
            double t = evaluate.t().at();
            int[] from = evaluate.from().clone();
            List<Stage> stages = new ArrayList<>();
            for (int b = 0; b < inputs.length; ++b) {
                stages.add(combine(inputs[b], new double[] {each.get(b).inputScale(t)}, from[b]));
                from[b] = inputs[b];
            }
            stages.add(new Stage.Evaluate(field, from, Time.at(each.get(0).networkTime(t)), new int[] {all}));
            stages.add(new Stage.Apply(apart, new int[] {all}, outputs));
            for (int b = 0; b < inputs.length; ++b) {
                Parametrisation own = each.get(b);
                stages.add(combine(
                        evaluate.into()[b], new double[] {own.skip(t), own.gain(t)}, evaluate.from()[b], outputs[b]));
            }
            return stages;
        });
    }

    private static Stage combine(int into, double[] weights, int... from) {
        return new Stage.Combine(new int[] {into}, new double[][] {weights}, from);
    }
}
