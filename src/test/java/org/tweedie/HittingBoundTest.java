package org.tweedie;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tweedie.device.Device;
import org.tweedie.hitting.Categories;
import org.tweedie.hitting.Cube;
import org.tweedie.hitting.Drive;
import org.tweedie.hitting.FirstHitting;
import org.tweedie.hitting.HittingDomain;
import org.tweedie.hitting.HittingSteps;
import org.tweedie.hitting.UnitBall;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.score.FormulaField;
import org.tweedie.train.Dataset;

/** What the path loss says of the likelihood, where all is known: entropies and KL in closed form, with the best field and with a wrong one. */
class HittingBoundTest {
    /** Standard errors that a mean may be off by: missed once in 150,000 seeds; seeds are fixed. */
    private static final double WIDE = 4.5;

    private static void assertMean(double expected, double bias, float[] bounds, String what) {
        double sum = 0;
        double squares = 0;
        for (float bound : bounds) {
            sum += bound / (double) bounds.length;
            squares += (double) bound * bound / bounds.length;
        }
        double error = Math.sqrt((squares - sum * sum) / bounds.length);
        assertEquals(expected, sum, WIDE * error + bias, what);
        assertTrue(WIDE * error < 0.25, "the mean tells something: " + error);
    }

    private static FirstHittingModel known(
            HittingDomain domain, HittingSteps steps, Drive drive, Formula field, Device device) {
        return FirstHittingModel.known(
                domain, new FirstHitting(steps, drive), Map.of(FirstHitting.FIELD, new FormulaField(field)), device);
    }

    /**
     * Two coordinates from x0, 1 with probability p: by the posterior's mean end, p (x/x0)/h(x), half the path loss is the entropy of the rows; by that of other shares q, the
     * cross-entropy, for the model then has just those. Coordinates that have stopped cost nothing.
     */
    @Test
    void halfTheLossOfACubeIsTheEntropy() {
        double[] start = {0.3, 0.5};
        double[] shares = {0.8, 0.25};
        double h = 0.002;
        int count = 8000;
        float[] rows = new float[2 * count];
        for (int i = 0; i < count; i++) {
            rows[2 * i] = i % 5 < 4 ? 1 : 0;
            rows[2 * i + 1] = i / 5 % 4 == 0 ? 1 : 0;
        }
        try (Device device = Device.open("cpu")) {
            for (double[] told : new double[][] {shares, {0.6, 0.4}}) {
                FormulaWriter f = Formula.writer("mean end");
                Value z = f.input(2);
                double[] up = {told[0] / start[0], told[1] / start[1]};
                double[] down = {(1 - told[0]) / (1 - start[0]), (1 - told[1]) / (1 - start[1])};
                Value one = z.times(f.literal(up));
                Value other = f.number(1).minus(z).times(f.literal(down));
                f.output(one.over(one.plus(other)));
                double entropy = 0;
                for (int d = 0; d < 2; d++) {
                    entropy -= shares[d] * Math.log(told[d]) + (1 - shares[d]) * Math.log(1 - told[d]);
                }
                try (FirstHittingModel model =
                        known(Cube.from(start), HittingSteps.of(h), Drive.END, f.formula(), device)) {
                    assertMean(-entropy, 0.03, model.bounds(Dataset.of(rows, "a", "b"), 3), "entropy");
                }
            }
        }
    }

    /** A category of three levels in their shares, by the exact mean ends p_k z_k/(1 - z_k): at most the entropy and, as the walk is decided early, not more. */
    @Test
    void halfTheLossOfCategoriesIsTheEntropy() {
        double[] shares = {0.5, 0.3, 0.2};
        int count = 8000;
        float[] rows = new float[count];
        double entropy = 0;
        for (double share : shares) {
            entropy -= share * Math.log(share);
        }
        for (int i = 0; i < count; i++) {
            rows[i] = i % 10 < 5 ? 0 : i % 10 < 8 ? 1 : 2;
        }
        FormulaWriter f = Formula.writer("mean end");
        Value z = f.input(3);
        Value odds = z.over(f.number(1e-6).greatest(f.number(1).minus(z)));
        f.output(odds.times(f.literal(shares)));
        try (Device device = Device.open("cpu");
                FirstHittingModel model =
                        known(Categories.of(3), HittingSteps.of(0.002), Drive.END, f.formula(), device)) {
            assertMean(-entropy, 0.03, model.bounds(Dataset.of(rows, "level"), 4), "entropy");
        }
    }

    /** Rows of density exp(k cos) on the circle: by the exact drift the gain on the uniform law is KL = k I_1/I_0 - ln I_0; by a constant b, E b.(y - 0) - |b|^2/2 tau. */
    @Test
    void theGainOfABallIsTheKl() {
        double kappa = 2;
        double[] bessel = new double[40];
        bessel[38] = 1e-200;
        for (int l = 38; l >= 1; l--) {
            bessel[l - 1] = bessel[l + 1] + 2 * l / kappa * bessel[l];
        }
        double whole = bessel[0];
        for (int l = 1; l < 40; l++) {
            whole += 2 * bessel[l];
        }
        double zero = bessel[0] / whole * Math.exp(kappa);
        double mean = bessel[1] / bessel[0];
        int count = 8000;
        float[] rows = new float[2 * count];
        int made = 0;
        for (int i = 0; made < count; i++) {
            double angle = 2 * Math.PI * Philox.words(1, i, Purpose.DATA, 0).uniform(0);
            if (Philox.words(1, i, Purpose.DATA, 0).uniform(1) < Math.exp(kappa * (Math.cos(angle) - 1))) {
                rows[2 * made] = (float) Math.cos(angle);
                rows[2 * made + 1] = (float) Math.sin(angle);
                made++;
            }
        }
        Dataset data = Dataset.of(rows, "x", "y");
        HittingSteps steps = HittingSteps.of(0.004);
        double[] push = {0.8, 0};
        FormulaWriter constant = Formula.writer("constant");
        constant.output(constant.input(2).times(0).plus(constant.literal(push)));
        try (Device device = Device.open("cpu");
                FirstHittingModel exact =
                        FirstHittingModel.of(UnitBall.of(2), new FormulaField(poisson(bessel)), steps, device);
                FirstHittingModel pushed =
                        FirstHittingModel.of(UnitBall.of(2), new FormulaField(constant.formula()), steps, device);
                FirstHittingModel base = FirstHittingModel.base(UnitBall.of(2), steps, device)) {
            assertMean(kappa * mean - Math.log(zero), 0.03, exact.bounds(data, 5), "KL");
            // E int eta dt = E y of the bridge, its martingale part being 0; E tau = 1/d
            assertMean(0.8 * mean - 0.5 * 0.64 / 2, 0.02, pushed.bounds(data, 6), "a constant drift");
            assertTrue(assertThrows(IllegalStateException.class, () -> base.bounds(data, 1))
                    .getMessage()
                    .contains("only what a network of ball:2 tells"));
        }
    }

    /** grad ln(1 + 2 sum c_l Re (x + i y)^l). */
    private static Formula poisson(double[] bessel) {
        FormulaWriter f = Formula.writer("poisson");
        Value z = f.input(2);
        Value x = z.at(0);
        Value y = z.at(1);
        Value h = f.number(1);
        Value along = f.number(0);
        Value across = f.number(0);
        Value re = f.number(1);
        Value im = f.number(0);
        for (int l = 1; l < 12; l++) {
            double c = 2 * bessel[l] / bessel[0];
            along = along.plus(re.times(c * l));
            across = across.minus(im.times(c * l));
            Value next = re.times(x).minus(im.times(y));
            im = re.times(y).plus(im.times(x));
            re = next;
            h = h.plus(re.times(c));
        }
        return f.output(f.joined(along, across).over(h)).formula();
    }
}
