package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;

/** Twins of kernels/train/adam.cu; the places of the control buffer are those of its struct AdamControl. Stateless. */
public final class AdamTwins {
    private static final int STEP = 0;
    private static final int RATE = 1;
    private static final int CORRECTION1 = 2;
    private static final int CORRECTION2 = 3;
    private static final int MEAN = 4;
    private static final int LOSS = 5;
    private static final int NORM = 6;
    private static final int FACTOR = 7;
    private static final int HALTED = 8;

    private AdamTwins() {}

    public static void assign(Arguments a, Team team) {
        double[] control = a.doubles(0);
        int at = a.offset(0);
        for (int place = STEP; place <= MEAN; place++) {
            control[at + place] = a.float64(1 + place);
        }
    }

    public static void judge(Arguments a, Team team) {
        double[] control = a.doubles(0);
        int at = a.offset(0);
        if (control[at + HALTED] != 0) {
            return;
        }
        float[] sums = a.floats(1);
        int sumsAt = a.offset(1);
        double loss = sums[sumsAt] * a.float64(3);
        double square = 0;
        for (int part = 0; part < a.int32(2); part++) {
            square += sums[sumsAt + 1 + part];
        }
        double norm = Math.sqrt(square);
        float[] history = a.floats(5);
        int capacity = a.int32(6);
        int place = a.offset(5) + (int) (((long) control[at + STEP] - 1) % capacity);
        history[place] = (float) loss;
        history[place + capacity] = (float) norm;
        control[at + LOSS] = loss;
        control[at + NORM] = norm;
        double clip = a.float64(4);
        control[at + FACTOR] = clip > 0 && norm > clip ? clip / norm : 1;
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            control[at + HALTED] = control[at + STEP];
        }
    }

    public static void update(Arguments a, Team team) {
        double[] control = a.doubles(5);
        int at = a.offset(5);
        if (control[at + HALTED] != 0) {
            return;
        }
        float rate = (float) control[at + RATE];
        Rule rule = new Rule(
                (float) control[at + FACTOR],
                rate,
                -rate * a.float32(10),
                (float) control[at + CORRECTION1],
                (float) control[at + CORRECTION2],
                a.float32(7),
                a.float32(8),
                a.float32(9),
                (float) control[at + MEAN]);
        team.forRange(
                a.int64(6),
                1 << 13,
                (from, to) -> run(
                        rule,
                        (int) from,
                        (int) to,
                        a.floats(0),
                        a.offset(0),
                        a.floats(1),
                        a.offset(1),
                        a.floats(2),
                        a.offset(2),
                        a.floats(3),
                        a.offset(3),
                        a.floats(4),
                        a.offset(4)));
    }

    private record Rule(
            float factor,
            float rate,
            float fade,
            float correction1,
            float correction2,
            float keep1,
            float keep2,
            float epsilon,
            float mean) {}

    private static void run(
            Rule rule,
            int from,
            int to,
            float[] weights,
            int weightsAt,
            float[] gradients,
            int gradientsAt,
            float[] first,
            int firstAt,
            float[] second,
            int secondAt,
            float[] mean,
            int meanAt) {
        float factor = rule.factor();
        float minusRate = -rule.rate();
        float fade = rule.fade();
        float correction1 = rule.correction1();
        float correction2 = rule.correction2();
        float keep1 = rule.keep1();
        float keep2 = rule.keep2();
        float epsilon = rule.epsilon();
        float towards = rule.mean();
        for (int i = from; i < to; i++) {
            float g = factor * gradients[gradientsAt + i];
            float m = Math.fma(keep1, g - first[firstAt + i], first[firstAt + i]);
            float v = Math.fma(keep2, Math.fma(g, g, -second[secondAt + i]), second[secondAt + i]);
            float step = m * correction1 / ((float) Math.sqrt(v * correction2) + epsilon);
            float faded = Math.fma(fade, weights[weightsAt + i], weights[weightsAt + i]);
            float w = Math.fma(minusRate, step, faded);
            first[firstAt + i] = m;
            second[secondAt + i] = v;
            weights[weightsAt + i] = w;
            mean[meanAt + i] = Math.fma(towards, w - mean[meanAt + i], mean[meanAt + i]);
        }
    }
}
