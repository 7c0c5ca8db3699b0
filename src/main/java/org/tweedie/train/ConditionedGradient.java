package org.tweedie.train;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.Closing;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;
import org.tweedie.execution.Precision;
import org.tweedie.kernels.Activation;
import org.tweedie.kernels.Activations;
import org.tweedie.kernels.Perturb;
import org.tweedie.kernels.RowFormula;
import org.tweedie.kernels.RowSet;
import org.tweedie.kernels.View;
import org.tweedie.plan.Curves;
import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;
import org.tweedie.plan.FormulaWriter.Value;
import org.tweedie.rng.Purpose;
import org.tweedie.score.Signature;
import org.tweedie.sde.Coefficients;

/** The conditions noised to the times that the pairs are made at, then dropped; the rest is the objective's. */
final class ConditionedGradient implements Gradient {
    /** The quantile of the uniform law, as a table: u at 0 and 1, and its slope. */
    private static final float[] UNIFORM = {0, 1, 1, 1};

    private final int group;
    private final Optional<ShrinkingNoise> shrinking;
    private int stage = -1;
    private final Closing owned = new Closing();
    private final Gradient inner;
    private final View rank;
    private final View times;
    private final @Nullable PairTables tables;
    private final DeviceBuffer uniform;
    private final Map<String, View> noisy = new HashMap<>();
    private final Map<String, View> kept = new HashMap<>();
    private final Perturb.@Nullable Table noise;
    private final @Nullable RowFormula dropping;

    ConditionedGradient(ConditionedObjective conditioned, Device device, int rows, Precision allowed) {
        ConditionalObjective objective = conditioned.objective();
        Conditioning conditioning = conditioned.conditioning();
        group = objective.group();
        shrinking = conditioning.shrinking();
        try (Stream stream = device.stream()) {
            inner = owned.add(objective.open(device, rows, allowed));
            tables = conditioning.noise().isPresent()
                    ? owned.add(new PairTables(objective.denoising().orElseThrow(), device))
                    : null;
            rank = row(device, rows, 1);
            times = row(device, rows, 1);
            uniform = owned.add(device.allocate(Element.F32, UNIFORM.length));
            stream.upload(UNIFORM, 0, uniform, 0, UNIFORM.length);
            noise = conditioning.noise().isPresent() ? table(conditioning, device, stream) : null;
            List<RowFormula.Use> uses = new ArrayList<>();
            for (Signature.Port port : objective.conditions()) {
                int width = port.space().width();
                noisy.put(port.name(), row(device, rows, width));
                kept.put(port.name(), row(device, rows, width));
                Formula drop = drop(width, conditioning.dropped(), port.name().equals(Dataset.GIVEN));
                uses.add(new RowFormula.Use(drop, List.of(rank, view(noisy, port)), List.of(view(kept, port))));
            }
            dropping = conditioning.dropped() > 0 ? owned.add(RowFormula.open(stream, uses)) : null;
            stream.synchronize();
        } catch (RuntimeException | Error e) {
            owned.close();
            throw e;
        }
    }

    private static View view(Map<String, View> of, Signature.Port port) {
        View view = of.get(port.name());
        if (view == null) {
            throw new IllegalArgumentException("no rows of '" + port.name() + "'");
        }
        return view;
    }

    private View row(Device device, int rows, int width) {
        return View.rows(owned.add(device.allocate(Element.F32, (long) Math.max(1, rows) * width)), width);
    }

    /** As many nodes as both ends of the way want, where the noise shrinks. */
    private Perturb.Table table(Conditioning conditioning, Device device, Stream stream) {
        Curves last = Coefficients.perturbation(conditioning.noise().orElseThrow());
        int nodes = conditioning
                .shrinking()
                .map(shrinks -> Coefficients.perturbation(shrinks.at(0)).nodes())
                .orElse(last.nodes());
        Curves curves = nodes <= last.nodes()
                ? last
                : Coefficients.perturbation(conditioning.noise().orElseThrow(), nodes);
        DeviceBuffer values = owned.add(device.allocate(Element.F32, curves.values().length));
        stream.upload(curves.values(), 0, values, 0, curves.values().length);
        return new Perturb.Table(values, curves.nodes(), (float) curves.logFirst(), (float) curves.inverseSpacing());
    }

    /** u, y to y where u is above the share that is dropped, else 0; of the flag, which is 0 as it comes, -1. */
    private static Formula drop(int width, double share, boolean flag) {
        FormulaWriter f = Formula.writer("dropped condition");
        Value u = f.input(1);
        Value y = f.input(width);
        Value stays = u.minus(share);
        return f.output(stays.select(y, f.literal(flag ? new double[] {-1} : new double[width])))
                .formula();
    }

    @Override
    public String products() {
        return inner.products();
    }

    @Override
    public String how() {
        return inner.how();
    }

    @Override
    public void prepare(Stream stream, long step) {
        Perturb.Table table = noise;
        if (shrinking.isEmpty() || table == null || shrinking.get().stage(step) == stage) {
            return;
        }
        stage = shrinking.get().stage(step);
        float[] values = Coefficients.perturbation(shrinking.get().at(stage), table.nodes())
                .values();
        stream.upload(values, 0, table.data(), 0, values.length);
    }

    @Override
    public void queue(
            Stream stream, RowSet rows, Map<String, View> batch, List<DeviceBuffer> gradients, DeviceBuffer losses) {
        Map<String, View> changed = new HashMap<>(batch);
        PairTables of = tables;
        if (of != null) {
            Perturb.times(stream, rows, times, of.quantile(), of.nodes(), group, Purpose.TIME, 0);
        }
        int ordinal = 0;
        for (Map.Entry<String, View> port : noisyInOrder()) {
            View y = batch.get(port.getKey());
            if (y == null) {
                throw new IllegalArgumentException("the batch has no '" + port.getKey() + "'");
            }
            if (noise != null && !port.getKey().equals(Dataset.GIVEN)) {
                Perturb.run(
                        stream,
                        rows,
                        y,
                        times,
                        noise,
                        Purpose.CONDITION,
                        ordinal++,
                        Perturb.Into.noisy(port.getValue(), null));
            } else {
                Activations.forward(stream, rows, y, Activation.IDENTITY, port.getValue()); // a copy
            }
            changed.put(port.getKey(), port.getValue());
        }
        RowFormula drop = dropping;
        if (drop != null) {
            Perturb.times(stream, rows, rank, uniform, UNIFORM.length / 2, 0, Purpose.DROP, 0);
            for (int use = 0; use < kept.size(); use++) {
                drop.run(stream, rows, use);
            }
            changed.putAll(kept);
        }
        inner.queue(stream, rows, changed, gradients, losses);
    }

    /** So that the ordinals of draws depend on names alone. */
    private List<Map.Entry<String, View>> noisyInOrder() {
        return noisy.entrySet().stream().sorted(Map.Entry.comparingByKey()).toList();
    }

    @Override
    public void follow(Stream stream, Objective objective) {
        inner.follow(stream, ((ConditionedObjective) objective).objective());
    }

    @Override
    public void close() {
        owned.close();
    }
}
