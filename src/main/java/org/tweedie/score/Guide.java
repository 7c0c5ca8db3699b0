package org.tweedie.score;

import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Steering;
import org.tweedie.sde.Noising;
import org.tweedie.sde.Sde;

/**
 * What makes a sampler of p(x) one of p(x given something): a rewrite of its plan, with the fields that the rewritten plan evaluates beside the
 * score. It learns what it steers when the sampler is made ready. Immutable, shared by threads.
 */
public interface Guide {
    /** @throws IllegalArgumentException if it does not fit what it is to steer */
    Guided on(Target target);

    /** As users write it, without the data it holds: {@code dps:0.5}. */
    String spec();

    /**
     * What is steered. The rows x of the plan are (row - shift)/scale of rows in the units of the data, column by column. Immutable.
     *
     * @param process whose {@link Noising#scores} the plan evaluates
     * @param score the score as a field with derivatives, with the network's conditions as its further inputs; throws where it has none
     */
    record Target(Noising process, double[] shift, double[] scale, Supplier<Differentiable> score) {
        public Target {
            shift = shift.clone();
            scale = scale.clone();
            int width = process.space().width();
            if (shift.length != width || scale.length != width) {
                throw new IllegalArgumentException("a row of " + width
                        + " coordinates has as many shifts and scales, got " + shift.length + " and " + scale.length);
            }
        }

        /**
         * The process where the score is one of whole rows.
         *
         * @throws IllegalArgumentException where rows have velocities, or blocks of their own speed
         */
        public Sde rows() {
            if (process instanceof Sde sde) {
                return sde;
            }
            throw new IllegalArgumentException(
                    "likelihoods, classifiers and observations steer the score of whole rows, which a process of rows"
                            + " with velocities or of blocks of their own speed has not; take classifier-free"
                            + " guidance, or train a model with --sde vp");
        }
    }

    /**
     * The rewrite and its fields, by the names under which the plan evaluates them. A field whose further inputs are the network's conditions gets
     * them behind those that the plan names. Immutable.
     *
     * @param conditioned names of those among the fields that take the network's conditions
     */
    record Guided(Steering steering, Map<String, Field> fields, Set<String> conditioned) {
        public Guided {
            fields = Map.copyOf(fields);
            conditioned = Set.copyOf(conditioned);
        }

        public Guided(Steering steering) {
            this(steering, Map.of(), Set.of());
        }

        public Plan steer(Plan plan) {
            return steering.steer(plan);
        }
    }
}
