package org.tweedie;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.execution.Precision;
import org.tweedie.plan.Space;
import org.tweedie.score.GaussianMixtureScore;
import org.tweedie.score.Mlp;
import org.tweedie.sde.GaussianMixture;
import org.tweedie.sde.MethodSpec;
import org.tweedie.sde.Sde;
import org.tweedie.sde.SubVpSde;
import org.tweedie.sde.VeSde;
import org.tweedie.sde.VpSde;
import org.tweedie.train.Dataset;
import org.tweedie.train.TrainSpec;

/**
 * Samplers of every make on one device, for the suites that compare bits: trained models with and without a condition, a known
 * score, methods with noise and without, with one field evaluation a step and with more, and one with a trace.
 */
final class Subjects implements AutoCloseable {
    /** Rows whose numbers the suites draw from. */
    static final int ROWS = 1500;

    static final long SEED = 20_261_122;

    final Device device;
    final ScoreModel model;
    private final Closing owned = new Closing();
    private final Map<String, Sampler> samplers = new LinkedHashMap<>();

    Subjects(Device device) {
        this.device = device;
        try {
            Dataset spirals = Dataset.of(BuiltInSet.SPIRAL.rows(2, 0, 300), "a", "b");
            model = owned.add(ScoreModel.create(new VpSde(), Mlp.of(16, 2), spirals, 3, device));
            model.train(spirals, TrainSpec.steps(5).withPrecision(Precision.F32).withBatch(16));
            Dataset kinds = kinds();
            ScoreModel conditional = owned.add(ScoreModel.create(new SubVpSde(), Mlp.of(17, 1), kinds, 4, device));
            conditional.train(
                    kinds, TrainSpec.steps(4).withPrecision(Precision.F32).withBatch(21));
            ScoreModel wide = owned.add(ScoreModel.create(new VeSde(), Mlp.of(9, 3), 5, 5, device));
            Sde vp = new VpSde().on(Space.euclidean(2));
            GaussianMixture mixture =
                    new GaussianMixture(new double[] {0.2, 0.8}, new double[][] {{-3, 0}, {3, 1}}, new double[][][] {
                        {{0.25, 0}, {0, 1}}, {{1, 0}, {0, 0.09}}
                    });
            float[] conditions = new float[ROWS];
            for (int i = 0; i < ROWS; i++) {
                conditions[i] = i % 3 - 1;
            }
            samplers.put("em@5", model.sampler(MethodSpec.parse("em@5")));
            samplers.put("dpm2m@4", model.sampler(MethodSpec.parse("dpm2m@4,karras")));
            samplers.put(
                    "heun@3 given",
                    conditional.sampler(MethodSpec.parse("heun@3")).given("y", conditions, 1));
            samplers.put("edm:10@3 wide", wide.sampler(MethodSpec.parse("edm:10@3")));
            MethodSpec pc = MethodSpec.parse("pc:0.16,1,ddim:1@3");
            samplers.put(
                    "pc@3 exact",
                    Sampler.of(device, vp, new GaussianMixtureScore(mixture, vp), pc.method())
                            .grid(pc.grid(vp)));
            samplers.put("em@3 traced", model.sampler(MethodSpec.parse("em@3")).traced());
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private static Dataset kinds() {
        float[] rows = new float[3 * 200];
        for (int i = 0; i < 200; i++) {
            rows[3 * i] = i % 7;
            rows[3 * i + 1] = (i * 5) % 11;
            rows[3 * i + 2] = i % 3 - 1;
        }
        return Dataset.of(rows, "a", "b", "kind").given("y", "kind");
    }

    static List<String> names() {
        return List.of("em@5", "dpm2m@4", "heun@3 given", "edm:10@3 wide", "pc@3 exact", "em@3 traced");
    }

    Sampler sampler(String name) {
        Sampler sampler = samplers.get(name);
        if (sampler == null) {
            throw new IllegalArgumentException(name);
        }
        return sampler;
    }

    /** Rows of all numbers below {@link #ROWS}, made in one piece by one thread, step by step. */
    Map<String, Rows> oracle() {
        Map<String, Rows> oracle = new LinkedHashMap<>();
        samplers.forEach((name, sampler) ->
                oracle.put(name, Rows.of(sampler.execution("stepwise").sample(0, ROWS, SEED), new Rows(0, ROWS))));
        return oracle;
    }

    @Override
    public void close() {
        owned.close();
    }
}
