package org.tweedie.bridge;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.tweedie.sde.Spelling;
import org.tweedie.train.Dataset;

/**
 * Which law a conditional bridge starts from, as command lines and files spell it: {@code normal}, {@code columns}, {@code affine:PENALTY} or
 * {@code radial:N,SCALE:PENALTY}. Immutable.
 *
 * @param centres of bumps, 1 to {@value #MOST} of a radial law, 0 of others
 * @param scale of bumps, in deviations of y; 0 where there are none
 * @param penalty of the regression, at least 0; 0 where there is none
 */
public record LawSpec(Kind kind, int centres, double scale, double penalty) {
    /** Bumps of a law, at most: a regression takes as many squared numbers, and cubed operations. */
    public static final int MOST = 4096;

    /** How the laws are spelled, for people. */
    public static final String FORMS = "normal, columns, affine[:PENALTY] or radial:N,SCALE[:PENALTY]";

    private static final double USUAL = 1e-6;

    /** The kinds of laws. Immutable. */
    public enum Kind {
        /** N(0, I): {@link ConditionalLaw#standard}. */
        NORMAL,
        /** The means and deviations of x: {@link ConditionalLaw#columns}. */
        COLUMNS,
        /** The regression of x on y. */
        AFFINE,
        /** The regression of x on y and bumps around values of y. */
        RADIAL;

        /** The word of the command line and of files. */
        public String spec() {
            return name().toLowerCase(Locale.ROOT);
        }

        private static Kind parse(String word) {
            return Arrays.stream(values())
                    .filter(kind -> kind.spec().equals(word))
                    .findFirst()
                    .orElseThrow(() -> Spelling.unknown(
                            "law", word, Arrays.stream(values()).map(Kind::spec).toList()));
        }

        private boolean regresses() {
            return this == AFFINE || this == RADIAL;
        }
    }

    public LawSpec {
        if (centres > MOST) {
            throw new IllegalArgumentException(
                    "a law that a file holds has at most " + MOST + " centres, got " + centres);
        }
        if (!(penalty >= 0 && penalty < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "the penalty of a law must be 0 or more, got " + Spelling.number(penalty) + "; 1e-6 is usual");
        }
        if (kind == Kind.RADIAL) {
            Features.Basis.radial(centres, scale); // refuses what cannot be
        } else if (centres != 0 || scale != 0 || (penalty != 0 && !kind.regresses())) {
            throw new IllegalArgumentException("a law " + kind.spec() + " has no such numbers, got " + centres
                    + " centres, scale " + scale + ", penalty " + penalty);
        }
    }

    /** The one of a regression; nothing for a basis of the caller's, or one that has more centres than a file holds. */
    static Optional<LawSpec> of(Features.Basis basis, double penalty) {
        if (basis instanceof Features.Basis.Radial radial) {
            return radial.centres() > MOST
                    ? Optional.empty()
                    : Optional.of(new LawSpec(Kind.RADIAL, radial.centres(), radial.width(), penalty));
        }
        return basis instanceof Features.Basis.Affine
                ? Optional.of(new LawSpec(Kind.AFFINE, 0, 0, penalty))
                : Optional.empty();
    }

    /** The one of a kind without numbers: any but a radial law. */
    public static LawSpec of(Kind kind) {
        return new LawSpec(kind, 0, 0, 0);
    }

    /**
     * The law of these rows.
     *
     * @throws IllegalArgumentException as {@link ConditionalLaw#regression}
     */
    public ConditionalLaw law(Dataset data) {
        return switch (kind) {
            case NORMAL -> ConditionalLaw.standard();
            case COLUMNS -> ConditionalLaw.columns(data);
            case AFFINE -> ConditionalLaw.regression(data, Features.Basis.affine(), penalty);
            case RADIAL -> ConditionalLaw.regression(data, Features.Basis.radial(centres, scale), penalty);
        };
    }

    /**
     * The names and shapes of the numbers of a law: {@link FittedLaw#numbers}.
     *
     * @param x columns of rows
     * @param y columns of conditions
     */
    public Map<String, long[]> shapes(int x, int y) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        if (kind == Kind.NORMAL) {
            return shapes;
        }
        shapes.put("mean", new long[] {x});
        shapes.put("deviation", new long[] {x});
        if (kind.regresses()) {
            long features = (long) y + centres;
            shapes.put("weight", new long[] {x, features});
            shapes.put("feature.mean", new long[] {features});
            shapes.put("feature.deviation", new long[] {features});
        }
        if (kind == Kind.RADIAL) {
            shapes.put("bump.centre", new long[] {centres, y});
            shapes.put("bump.variance", new long[] {y});
        }
        return shapes;
    }

    /** {@code normal}, {@code columns}, {@code affine}, {@code affine:1e-3}, {@code radial:40,1:1e-6}. */
    public String spec() {
        return switch (kind) {
            case NORMAL, COLUMNS -> kind.spec();
            case AFFINE -> kind.spec() + (penalty == 0 ? "" : ":" + Spelling.number(penalty));
            case RADIAL -> kind.spec() + ":" + centres + "," + Spelling.number(scale) + ":" + Spelling.number(penalty);
        };
    }

    /**
     * Reads what {@link #spec} wrote; a radial law without a penalty has 1e-6.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    public static LawSpec parse(String spec) {
        String text = spec.strip();
        String[] parts = text.split(":", -1);
        Kind kind = Kind.parse(parts[0]);
        int bumps = kind == Kind.RADIAL ? 1 : 0;
        List<String> numbers = bumps < parts.length && bumps > 0 ? Spelling.list(parts[1]) : List.of();
        boolean penalised = kind.regresses() && parts.length == bumps + 2;
        if (parts.length != bumps + (penalised ? 2 : 1) || numbers.size() != 2 * bumps) {
            throw new IllegalArgumentException("'" + text + "' is no law; say " + FORMS);
        }
        return new LawSpec(
                kind,
                bumps > 0 ? Spelling.whole(numbers.get(0), text) : 0,
                bumps > 0 ? Spelling.number(numbers.get(1), text) : 0,
                penalised ? Spelling.number(parts[bumps + 1], text) : bumps * USUAL);
    }
}
