package org.tweedie.kernels.host;

import org.tweedie.device.Arguments;
import org.tweedie.device.Team;
import org.tweedie.kernels.host.Simd.Block;

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
        AdamRule rule = new AdamRule(
                (float) control[at + FACTOR],
                rate,
                -rate * a.float32(10),
                (float) control[at + CORRECTION1],
                (float) control[at + CORRECTION2],
                a.float32(7),
                a.float32(8),
                a.float32(9),
                (float) control[at + MEAN]);
        Block weights = block(a, 0);
        Block gradients = block(a, 1);
        Block first = block(a, 2);
        Block second = block(a, 3);
        Block mean = block(a, 4);
        Simd simd = Simd.best();
        team.forRange(
                a.int64(6),
                1 << 13,
                (from, to) -> simd.adam(rule, weights, gradients, first, second, mean, (int) from, (int) to));
    }

    private static Block block(Arguments a, int i) {
        return new Block(a.floats(i), a.offset(i), 1);
    }
}
