package org.tweedie.plan;

import static org.tweedie.plan.CellTable.MOST_DRAWS;
import static org.tweedie.plan.CellTable.MOST_FROM;
import static org.tweedie.plan.CellTable.MOST_INTO;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.tweedie.plan.CellTable.Mix;
import org.tweedie.plan.CellTable.Noise;

/**
 * Makes mixes of simultaneous rows. As a rule the rows of one width are one mix. Where they are more than a mix holds, long rows are
 * summed in parts, and a register that another row still reads is written last, by way of a temporary register.
 */
final class Mixing {
    private static final Comparator<Noise> ORDER =
            Comparator.comparing(Noise::purpose).thenComparing(Noise::ordinal);

    private final List<Register> registers;
    private final Map<Integer, List<Integer>> temporaries = new TreeMap<>();

    Mixing(List<Register> registers) {
        this.registers = registers;
    }

    List<Mix> mixes(SortedMap<Integer, Linear> rows) {
        Map<Integer, SortedMap<Integer, Linear>> byWidth = new LinkedHashMap<>();
        rows.forEach((into, row) -> byWidth.computeIfAbsent(registers.get(into).width(), w -> new TreeMap<>())
                .put(into, row));
        List<Mix> mixes = new ArrayList<>();
        byWidth.forEach((width, group) -> {
            Pack all = new Pack();
            group.forEach(all::put);
            if (all.fits()) {
                mixes.add(all.mix());
            } else {
                split(width, group, mixes);
            }
        });
        return mixes;
    }

    private void split(int width, SortedMap<Integer, Linear> group, List<Mix> mixes) {
        List<Part> parts = new ArrayList<>();
        List<Part> copies = new ArrayList<>();
        for (Map.Entry<Integer, Linear> row : group.entrySet()) {
            int into = row.getKey();
            boolean read = group.entrySet().stream()
                    .anyMatch(other ->
                            other.getKey() != into && other.getValue().from.containsKey(into));
            if (read) {
                int temporary = temporary(width, copies.size());
                copies.add(new Part(into, Linear.of(temporary), 0));
                parts(temporary, row.getValue(), parts);
            } else {
                parts(into, row.getValue(), parts);
            }
        }
        int rounds = parts.stream().mapToInt(Part::round).max().orElse(0);
        for (int round = 0; round <= rounds; ++round) {
            int now = round;
            pack(parts.stream().filter(part -> part.round() == now).toList(), mixes);
        }
        pack(copies, mixes);
    }

    /** Fills mixes one after the other, in order. */
    private static void pack(List<Part> parts, List<Mix> mixes) {
        Pack pack = new Pack();
        for (Part part : parts) {
            Pack more = pack.copy();
            more.put(part.into(), part.row());
            if (more.fits()) {
                pack = more;
            } else {
                mixes.add(pack.mix());
                pack = new Pack();
                pack.put(part.into(), part.row());
            }
        }
        if (!pack.rows.isEmpty()) {
            mixes.add(pack.mix());
        }
    }

    /** A row as a sum of sums that fit; the register itself, if it is read, in the first. */
    private static void parts(int into, Linear row, List<Part> parts) {
        List<Integer> from = new ArrayList<>(row.from.keySet());
        if (from.remove((Integer) into)) {
            from.add(0, into);
        }
        List<Noise> draws = new ArrayList<>(row.draws.keySet());
        draws.sort(ORDER);
        int round = 0;
        int f = 0;
        int d = 0;
        do {
            Linear part = new Linear();
            if (round > 0) {
                part.from.put(into, 1.0);
            }
            for (; f < from.size() && part.from.size() < MOST_FROM; ++f) {
                part.from.put(from.get(f), row.weight(from.get(f)));
            }
            for (; d < draws.size() && part.draws.size() < MOST_DRAWS; ++d) {
                part.draws.put(draws.get(d), row.weight(draws.get(d)));
            }
            parts.add(new Part(into, part, round++));
        } while (f < from.size() || d < draws.size());
    }

    private int temporary(int width, int k) {
        List<Integer> known = temporaries.computeIfAbsent(width, w -> new ArrayList<>());
        while (known.size() <= k) {
            known.add(registers.size());
            registers.add(new Register("temporary " + width + "." + known.size(), Space.euclidean(width), false));
        }
        return known.get(k);
    }

    private record Part(int into, Linear row, int round) {}

    /** Rows that may become one mix. */
    private static final class Pack {
        final SortedMap<Integer, Linear> rows = new TreeMap<>();
        final TreeSet<Integer> from = new TreeSet<>();
        final TreeSet<Noise> draws = new TreeSet<>(ORDER);

        void put(int into, Linear row) {
            rows.put(into, row);
            from.addAll(row.from.keySet());
            draws.addAll(row.draws.keySet());
        }

        Pack copy() {
            Pack copy = new Pack();
            rows.forEach(copy::put);
            return copy;
        }

        boolean fits() {
            return rows.size() <= MOST_INTO && from.size() <= MOST_FROM && draws.size() <= MOST_DRAWS;
        }

        Mix mix() {
            int[] into = rows.keySet().stream().mapToInt(Integer::intValue).toArray();
            int[] columns = from.stream().mapToInt(Integer::intValue).toArray();
            List<Noise> noises = List.copyOf(draws);
            double[][] weights = new double[into.length][columns.length + noises.size()];
            for (int i = 0; i < into.length; ++i) {
                Linear row = rows.getOrDefault(into[i], new Linear());
                for (int j = 0; j < columns.length; ++j) {
                    weights[i][j] = row.weight(columns[j]);
                }
                for (int j = 0; j < noises.size(); ++j) {
                    weights[i][columns.length + j] = row.weight(noises.get(j));
                }
            }
            return new Mix(into, columns, weights, noises);
        }
    }
}
