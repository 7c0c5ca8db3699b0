package org.tweedie;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.tweedie.execution.Program;
import org.tweedie.guidance.ClassifierFree;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Steering;
import org.tweedie.score.Field;
import org.tweedie.score.Guide;
import org.tweedie.score.Network;
import org.tweedie.score.Signature;
import org.tweedie.sde.Langevin;
import org.tweedie.sde.Sde;
import org.tweedie.train.Dataset;

/**
 * A model's networks in the place of the scores that plans evaluate, with guides before them and conditions behind their inputs. Immutable.
 *
 * @param noise what carries conditions along with the rows
 */
record ScoreNetworks(List<Part> parts, Optional<Sde> noise) {
    /**
     * A network that knows one of the process's scores.
     *
     * @param score the field that methods evaluate
     * @param name the network's, in plans
     * @param state inputs that the process fills; those behind them are conditions
     */
    record Part(String score, String name, Network network, int state, Fold fold) {
        List<Signature.Port> conditions() {
            List<Signature.Port> from = network.signature().from();
            return from.subList(state, from.size());
        }

        private boolean knowsDropped() {
            return conditions().stream().anyMatch(port -> port.name().equals(Dataset.GIVEN));
        }
    }

    /** How a network and a score translate. */
    interface Fold {
        /** The steering that evaluates the network where a plan evaluates the score. */
        Steering of(String score, String network);
    }

    /** Every input of a part's network after its state is a register that the caller gives, but for the flag of those that are there. */
    Steering conditions(Part part, String field) {
        return conditions(part, List.of(field), false, false);
    }

    private Steering conditions(Part part, List<String> fields, boolean onePath, boolean dropped) {
        return new ModelConditions(fields, part.conditions(), noise, onePath, dropped);
    }

    /** A plan of scores, steered by guides in their order, as one of networks. */
    Program program(Plan unguided, List<Guide> guides, Supplier<Guide.Target> target) {
        Plan plan = unguided;
        Map<String, Field> fields = new HashMap<>();
        List<String> conditioned = new ArrayList<>();
        boolean onePath = false;
        for (Guide guide : guides) {
            if (guide instanceof Sampler.OnePath) {
                onePath = true;
                continue;
            }
            Guide.Guided guided = guide instanceof Sampler.Rewrite rewrite ? rewrite.guided() : guide.on(target.get());
            plan = guided.steer(plan);
            conditioned.addAll(guided.conditioned());
            fields.putAll(guided.fields());
        }
        if (plan.fields().contains(Langevin.DENSITY)) {
            throw new IllegalArgumentException("the method needs a log-density, a model is a score alone; take ula, or"
                    + " Sampler.of with a density");
        }
        for (Part part : parts) {
            List<String> own = new ArrayList<>(List.of(part.score()));
            own.addAll(part == parts.get(0) ? conditioned : List.of());
            plan = conditions(part, own, onePath, false)
                    .then(part.fold().of(part.score(), part.name()))
                    .steer(plan);
            fields.put(part.name(), part.network());
            String alone = ClassifierFree.unconditional(part.score());
            if (plan.fields().contains(alone) && !fields.containsKey(alone)) {
                if (!part.knowsDropped()) {
                    throw new IllegalArgumentException(
                            "classifier-free guidance needs a model that was trained with dropped conditions; train"
                                    + " with --drop 0.1, Conditioning.dropped(0.1), or give the score without conditions");
                }
                String network = part.name() + ".unconditional";
                plan = conditions(part, List.of(alone), false, true)
                        .then(part.fold().of(alone, network))
                        .steer(plan);
                fields.put(network, part.network());
            }
        }
        fields.keySet().retainAll(plan.fields());
        return Program.of(plan, fields);
    }
}
