package org.tweedie.plan;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** A register as a sum of registers and draws, while a cell is collapsed. */
final class Linear {
    final TreeMap<Integer, Double> from = new TreeMap<>();
    final LinkedHashMap<CellTable.Noise, Double> draws = new LinkedHashMap<>();

    static Linear of(int register) {
        Linear linear = new Linear();
        linear.from.put(register, 1.0);
        return linear;
    }

    static Linear of(CellTable.Noise noise) {
        Linear linear = new Linear();
        linear.draws.put(noise, 1.0);
        return linear;
    }

    /** this += weight * other; what a weight of exactly 0 multiplies is not read. */
    void add(double weight, Linear other) {
        if (weight == 0) {
            return;
        }
        other.from.forEach((register, w) -> from.merge(register, weight * w, Double::sum));
        other.draws.forEach((noise, w) -> draws.merge(noise, weight * w, Double::sum));
    }

    /** Whether this is the register itself. */
    boolean is(int register) {
        return draws.isEmpty() && from.size() == 1 && from.getOrDefault(register, 0.0) == 1.0;
    }

    Linear cleaned() {
        from.values().removeIf(w -> w == 0);
        draws.values().removeIf(w -> w == 0);
        return this;
    }

    double weight(int register) {
        return from.getOrDefault(register, 0.0);
    }

    double weight(CellTable.Noise noise) {
        return draws.getOrDefault(noise, 0.0);
    }

    @Override
    public String toString() {
        return Map.of("from", from, "draws", draws).toString();
    }
}
