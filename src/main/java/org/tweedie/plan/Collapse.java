package org.tweedie.plan;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.CellTable.Mix;
import org.tweedie.plan.CellTable.Noise;

/** Makes a {@link CellTable} of a plan: cut at the stages that are not linear, multiply out, drop what is dead, number anew. */
final class Collapse {
    private final Plan plan;
    private final int width;
    private final List<Piece> pieces = new ArrayList<>();
    private final Ordinals ordinals = new Ordinals();

    /** For each traced register, the register that holds its value at the end of a step: itself, or one of the table's own. */
    private final int[] traced;

    private final List<Register> registers;

    Collapse(Plan plan) {
        this.plan = plan;
        width = plan.registers().size();
        registers = new ArrayList<>(plan.registers());
        traced = new int[plan.trace().length];
    }

    CellTable table() {
        cut();
        pieces.forEach(piece -> piece.multiply(width));
        trace();
        live();
        Mixing mixing = new Mixing(registers);
        List<Cell> cells = new ArrayList<>();
        for (Piece piece : pieces) {
            List<Mix> mixes = mixing.mixes(piece.rows);
            if (piece.closes || piece.before.isPresent() || !mixes.isEmpty()) {
                cells.add(new Cell(piece.step, piece.before, mixes, piece.closes, piece.ordinal));
            }
        }
        return new Renumbering(plan, registers, cells, traced).table();
    }

    /** Cuts the plan at the stages that are not linear. */
    private void cut() {
        for (int k = 0; k < plan.steps().size(); ++k) {
            Step step = plan.steps().get(k);
            List<Opened> open = new ArrayList<>();
            Piece last = null;
            for (Stage stage : step.stages()) {
                Optional<Noise> noise = Optional.empty();
                if (stage instanceof Stage.Draw draw) {
                    noise = Optional.of(
                            new Noise(draw.law(), draw.purpose(), ordinals.next(draw.purpose(), step.until())));
                }
                if (stage instanceof Stage.Combine || stage instanceof Stage.Draw draw && draw.from().length == 0) {
                    open.add(new Opened(stage, noise));
                    continue;
                }
                if (last == null) {
                    opening(k, open);
                } else {
                    last.stages.addAll(open);
                }
                open.clear();
                last = new Piece(
                        k, Optional.of(stage), noise.map(Noise::ordinal).orElse(-1));
                pieces.add(last);
            }
            if (last == null) {
                last = new Piece(k, Optional.empty(), -1);
                pieces.add(last);
            }
            last.stages.addAll(open);
            last.closes = true;
        }
    }

    /** The draws and combines that open step k, which goes on with another stage: they join the piece before where that runs as often. */
    private void opening(int k, List<Opened> open) {
        if (open.isEmpty()) {
            return;
        }
        boolean joins = k > 0
                && plan.steps().get(k).until().isEmpty()
                && plan.steps().get(k - 1).until().isEmpty();
        if (joins) {
            pieces.get(pieces.size() - 1).next.addAll(open);
        } else {
            Piece piece = new Piece(k, Optional.empty(), -1);
            piece.stages.addAll(open);
            pieces.add(piece);
        }
    }

    /** Where a traced register's value is lost to the opening of the next step, the table keeps it in a register of its own. */
    private void trace() {
        for (int i = 0; i < traced.length; ++i) {
            int register = plan.trace()[i];
            traced[i] = register;
            if (pieces.stream().anyMatch(piece -> piece.overwrites(register))) {
                Register old = plan.registers().get(register);
                traced[i] = registers.size();
                registers.add(new Register(old.name() + "@end", old.space(), false));
            }
        }
    }

    /** Backwards: which rows of which piece are read later. The body of an until is followed by itself. */
    private void live() {
        BitSet live = new BitSet();
        for (int output : plan.outputs()) {
            live.set(output);
        }
        int end = pieces.size();
        while (end > 0) {
            int step = pieces.get(end - 1).step;
            int begin = end;
            while (begin > 0 && pieces.get(begin - 1).step == step) {
                --begin;
            }
            Optional<Until> until = plan.steps().get(step).until();
            if (until.isPresent()) {
                live.set(until.get().alive());
                BitSet after = (BitSet) live.clone();
                BitSet before = live(begin, end, after);
                while (!covers(after, before)) {
                    after.or(before);
                    before = live(begin, end, after);
                }
                live = before; // the body runs at least once
            } else {
                live = live(begin, end, live);
            }
            end = begin;
        }
    }

    private static boolean covers(BitSet all, BitSet some) {
        BitSet rest = (BitSet) some.clone();
        rest.andNot(all);
        return rest.isEmpty();
    }

    private BitSet live(int begin, int end, BitSet after) {
        BitSet live = (BitSet) after.clone();
        for (int p = end - 1; p >= begin; --p) {
            Piece piece = pieces.get(p);
            piece.rows.clear();
            if (piece.closes) {
                for (int i = 0; i < traced.length; ++i) {
                    if (traced[i] == plan.trace()[i]) {
                        live.set(traced[i]);
                    } else {
                        piece.rows.put(traced[i], piece.atEnd[plan.trace()[i]]);
                    }
                }
            }
            for (int r = live.nextSetBit(0); r >= 0; r = live.nextSetBit(r + 1)) {
                if (!piece.atLast[r].is(r)) {
                    piece.rows.put(r, piece.atLast[r]);
                }
            }
            piece.rows.keySet().forEach(live::clear);
            piece.rows.values().forEach(row -> row.from.keySet().forEach(live::set));
            if (piece.before.isPresent()) {
                for (int r : piece.before.get().writes()) {
                    live.clear(r);
                }
                for (int r : piece.before.get().reads()) {
                    live.set(r);
                }
            }
        }
        return live;
    }

    private record Opened(Stage stage, Optional<Noise> noise) {}

    /** A cell in the making. */
    private static final class Piece {
        final int step;
        final Optional<Stage> before;
        final int ordinal;
        final List<Opened> stages = new ArrayList<>();

        /** The opening of the next step. */
        final List<Opened> next = new ArrayList<>();

        boolean closes;

        /** Each register at the end of the step, by the registers after {@code before}. */
        Linear[] atEnd = {};

        /** Each register after the opening of the next step. */
        Linear[] atLast = {};

        /** Rows that something reads later. */
        final SortedMap<Integer, Linear> rows = new TreeMap<>();

        Piece(int step, Optional<Stage> before, int ordinal) {
            this.step = step;
            this.before = before;
            this.ordinal = ordinal;
        }

        void multiply(int width) {
            atLast = new Linear[width];
            for (int r = 0; r < width; ++r) {
                atLast[r] = Linear.of(r);
            }
            stages.forEach(this::run);
            atEnd = atLast.clone();
            next.forEach(this::run);
        }

        private void run(Opened opened) {
            if (opened.stage() instanceof Stage.Draw draw) {
                atLast[draw.into()] = Linear.of(opened.noise().orElseThrow());
                return;
            }
            Stage.Combine combine = (Stage.Combine) opened.stage();
            Linear[] results = new Linear[combine.into().length];
            for (int i = 0; i < results.length; ++i) {
                results[i] = new Linear();
                for (int j = 0; j < combine.from().length; ++j) {
                    results[i].add(combine.weights()[i][j], atLast[combine.from()[j]]);
                }
                results[i].cleaned();
            }
            for (int i = 0; i < results.length; ++i) {
                atLast[combine.into()[i]] = results[i];
            }
        }

        boolean overwrites(int register) {
            return atEnd[register] != atLast[register];
        }
    }
}
