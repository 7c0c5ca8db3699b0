package org.tweedie.plan;

/** A rewrite of a plan: guidance, conditions, inverse problems, other units. Pure; steerings compose. Immutable, shared by threads. */
@FunctionalInterface
public interface Steering {
    Plan steer(Plan plan);

    /** This one, then the other. */
    default Steering then(Steering next) {
        return plan -> next.steer(steer(plan));
    }
}
