package org.tweedie.kernels.host.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.tweedie.kernels.host.AdamRule;
import org.tweedie.kernels.host.Simd.Block;

/** A step of Adam over whole vectors. Stateless. */
final class VectorAdam {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int L = S.length();

    private VectorAdam() {}

    /** Returns where it stopped: less than a vector is left. */
    static int adam(
            AdamRule rule, Block weights, Block gradients, Block first, Block second, Block mean, int from, int to) {
        FloatVector factor = FloatVector.broadcast(S, rule.factor());
        FloatVector minusRate = FloatVector.broadcast(S, -rule.rate());
        FloatVector fade = FloatVector.broadcast(S, rule.fade());
        FloatVector correction1 = FloatVector.broadcast(S, rule.correction1());
        FloatVector correction2 = FloatVector.broadcast(S, rule.correction2());
        FloatVector keep1 = FloatVector.broadcast(S, rule.keep1());
        FloatVector keep2 = FloatVector.broadcast(S, rule.keep2());
        FloatVector epsilon = FloatVector.broadcast(S, rule.epsilon());
        FloatVector towards = FloatVector.broadcast(S, rule.mean());
        int i = from;
        for (; i + L <= to; i += L) {
            FloatVector g = factor.mul(FloatVector.fromArray(S, gradients.data(), gradients.at() + i));
            FloatVector m = FloatVector.fromArray(S, first.data(), first.at() + i);
            FloatVector v = FloatVector.fromArray(S, second.data(), second.at() + i);
            FloatVector w = FloatVector.fromArray(S, weights.data(), weights.at() + i);
            FloatVector e = FloatVector.fromArray(S, mean.data(), mean.at() + i);
            m = keep1.fma(g.sub(m), m);
            v = keep2.fma(g.fma(g, v.neg()), v);
            FloatVector step = m.mul(correction1).div(v.mul(correction2).sqrt().add(epsilon));
            w = minusRate.fma(step, fade.fma(w, w));
            m.intoArray(first.data(), first.at() + i);
            v.intoArray(second.data(), second.at() + i);
            w.intoArray(weights.data(), weights.at() + i);
            towards.fma(w.sub(e), e).intoArray(mean.data(), mean.at() + i);
        }
        return i;
    }
}
