package org.tweedie.train;

import java.util.*;
import org.tweedie.data.BuiltInSet;
import org.tweedie.device.*;
import org.tweedie.execution.*;
import org.tweedie.metric.*;
import org.tweedie.plan.*;
import org.tweedie.score.*;
import org.tweedie.sde.*;

class TrainScratch {
    public static void main(String[] args) throws Exception {
        String sets = System.getProperty("sets", "checkerboard,spiral");
        TrainSpec spec = TrainSpec.steps(Long.getLong("steps", 3000)).withBatch(Integer.getInteger("batch", 1024)).withRate(Double.parseDouble(System.getProperty("rate", "4e-3")));
        String wt = System.getProperty("w");
        if (wt != null) spec = spec.withWeighting(Weighting.valueOf(wt), TimeSampling.valueOf(System.getProperty("ts")), true);
        String net = System.getProperty("net", "mlp:128x3");
        try (Device device = Device.open(System.getProperty("dev", "cpu"))) {
            System.out.println(device.name() + " " + org.tweedie.kernels.host.Simd.best().name());
            for (String name : sets.split(",")) {
                BuiltInSet set = BuiltInSet.of(name);
                Dataset raw = Dataset.of(set.rows(1, 0, 20000), "a", "b");
                Normaliser n = Normaliser.fit(raw, "x").normaliser();
                Dataset data = raw.encoded(Map.of("x", n));
                Sde sde = ProcessSpec.parse(System.getProperty("sde", "vp")).on(Space.euclidean(2));
                Parametrisation p = Parametrisation.preconditioned(sde, Prediction.valueOf(System.getProperty("pred", "DENOISED")), 1);
                Network network = Architecture.parse(net).create(Signature.over(2), p.prediction(), spec.seed(), device);
                DenoisingScoreMatching dsm = new DenoisingScoreMatching(p, spec.weighting(), spec.sampling(), spec.evenTimes() ? spec.batch() : 0);
                try (Trainer trainer = Trainer.open(dsm.of(network), data, spec, device)) {
                    TrainResult r = trainer.run(TrainListener.NONE, new CancelToken());
                    Network trained = network.with(trainer.mean(0));
                    for (String m : System.getProperty("m", "heun@18").split(";")) {
                        MethodSpec ms = MethodSpec.parse(m);
                        Plan plan = p.fold(Sde.SCORE, "net").steer(ms.method().plan(sde, ms.grid(sde)));
                        float[] out = new float[4000];
                        long t0 = System.nanoTime();
                        try (Sampling s = Sampling.open(Program.of(plan, Map.of("net", trained)), device, 2000, false, null)) {
                            s.run(5, 0, 2000, Map.of(), (a, b, c) -> {}, new CancelToken(), (at, rows, o, tr) -> System.arraycopy(o.get(0), 0, out, (int) at * 2, rows * 2));
                        }
                        double ts = (System.nanoTime() - t0) / 1e9;
                        float[] fresh = set.rows(2, 0, 4000);
                        n.encode(fresh, fresh, 4000);
                        float[] other = set.rows(3, 0, 2000);
                        n.encode(other, other, 2000);
                        System.out.printf("%s %s: %s %.1f s, %.0f rows/s, loss %.5f; %s: energy %.5f (fresh %.5f) %.2fs%n", name, net, r.outcome(), r.seconds(), spec.steps() * spec.batch() / r.seconds(), r.smoothLoss(), m,
                                EnergyDistance.squared(new Points(out, 2), new Points(fresh, 2)), EnergyDistance.squared(new Points(other, 2), new Points(fresh, 2)), ts);
                    }
                }
            }
        }
    }
}
