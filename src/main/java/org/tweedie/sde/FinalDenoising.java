package org.tweedie.sde;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Stage;
import org.tweedie.plan.Steering;
import org.tweedie.plan.Step;
import org.tweedie.plan.Time;

/**
 * Ends a plan with Tweedie's formula: x &larr; (x + sigma^2 score)/alpha at the time the plan ends, the mean of clean rows given x. One
 * more evaluation; takes out the noise that is left at the cutoff. Of positions with velocities it is the way that is left, x &larr; x - v/M beta t, as
 * Dockhorn et al. end, and costs none. Immutable.
 */
public record FinalDenoising(Noising process) implements Steering {
    @Override
    public Plan steer(Plan plan) {
        double t = plan.steps().get(plan.steps().size() - 1).s();
        if (process instanceof CldSde sde) {
            int x = plan.register("x");
            Stage drift = new Stage.Combine(
                    new int[] {x},
                    new double[][] {{1, -sde.beta() * sde.inverseMass() * t}},
                    new int[] {x, plan.register(CldSde.VELOCITY)});
            return t == 0 ? plan : ended(plan, t, List.of(drift));
        } else if (!(process instanceof Sde)) {
            throw new IllegalArgumentException(
                    "a last denoising knows SDEs and cld; " + process.spec() + " is neither");
        }
        Sde sde = (Sde) process;
        double sigma = sde.sigma(t);
        if (sigma == 0) {
            return plan;
        }
        int x = plan.register("x");
        int score = plan.register("score");
        double alpha = sde.alpha(t);
        List<Stage> stages = List.of(
                new Stage.Evaluate(Sde.SCORE, new int[] {x}, Time.at(t), new int[] {score}),
                new Stage.Combine(
                        new int[] {x}, new double[][] {{1 / alpha, sigma * sigma / alpha}}, new int[] {x, score}));
        return ended(plan, t, stages);
    }

    private static Plan ended(Plan plan, double t, List<Stage> stages) {
        List<Step> steps = new ArrayList<>(plan.steps());
        steps.add(new Step(t, 0, stages, Optional.empty()));
        return new Plan(plan.registers(), steps, plan.outputs(), plan.trace());
    }
}
