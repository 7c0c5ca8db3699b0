package org.tweedie.inverse;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.tweedie.score.Guide;
import org.tweedie.sde.Spelling;

/**
 * A solver as users write it: {@code pigdm}, {@code pigdm:0.5}, {@code dps}, {@code dps:0.5}, {@code annealed}, {@code replace},
 * {@code replace:0.8}, {@code ddrm}, {@code ddrm:0.85,1}. Immutable.
 *
 * @param spec what {@link #parse} reads
 */
public record SolverSpec(String spec, Function<Observation, Guide> making) {
    private static final List<String> NAMES = List.of("pigdm", "dps", "annealed", "replace", "ddrm");

    /** Exact on round Gaussian data, at any noise. */
    public static final String USUAL = "pigdm";

    /** @throws IllegalArgumentException naming the part at fault; what does not fit an observation is said by {@link #solver} */
    public static SolverSpec parse(String text) {
        String spec = text.strip();
        int colon = spec.indexOf(':');
        String name = colon < 0 ? spec : spec.substring(0, colon);
        double[] numbers = Spelling.list(colon < 0 ? "" : spec.substring(colon + 1)).stream()
                .mapToDouble(number -> Spelling.number(number, spec))
                .toArray();
        return switch (name) {
            case "pigdm" -> {
                count(numbers, spec, "pigdm or pigdm:DEVIATION", 0, 1);
                double deviation = numbers.length == 0 ? 1 : numbers[0];
                positive(deviation, spec);
                yield of(spec, observation -> new PseudoInverseGuidance(observation, deviation));
            }
            case "dps" -> {
                count(numbers, spec, "dps or dps:STEP", 0, 1);
                if (numbers.length == 1) {
                    positive(numbers[0], spec);
                }
                yield of(
                        spec,
                        observation -> numbers.length == 0
                                ? new DiffusionPosterior(observation)
                                : new DiffusionPosterior(observation, numbers[0]));
            }
            case "annealed" -> {
                count(numbers, spec, "annealed", 0);
                yield of(spec, AnnealedLikelihood::new);
            }
            case "replace" -> {
                count(numbers, spec, "replace or replace:SHARE", 0, 1);
                double share = numbers.length == 0 ? 1 : numbers[0];
                within(share, spec);
                positive(share, spec);
                yield of(spec, observation -> new Replacement(observation, share));
            }
            case "ddrm" -> {
                count(numbers, spec, "ddrm or ddrm:ETA,ETAB", 0, 2);
                double[] shares = numbers.length == 0 ? new double[] {0.85, 1} : numbers;
                within(shares[0], spec);
                within(shares[1], spec);
                yield of(spec, observation -> new Ddrm(observation, shares[0], shares[1]));
            }
            default -> throw Spelling.unknown("solver", name, NAMES);
        };
    }

    /** The solver for an observation. */
    public Guide solver(Observation observation) {
        return making.apply(observation);
    }

    private static SolverSpec of(String spec, Function<Observation, Guide> making) {
        return new SolverSpec(spec, making);
    }

    private static void positive(double number, String spec) {
        if (!(number > 0 && number < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the number of '" + spec + "' must be positive");
        }
    }

    private static void within(double share, String spec) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("the numbers of '" + spec + "' lie between 0 and 1");
        }
    }

    private static void count(double[] numbers, String spec, String usage, int... allowed) {
        if (Arrays.stream(allowed).noneMatch(count -> count == numbers.length) || spec.endsWith(":")) {
            throw new IllegalArgumentException("'" + spec + "' has " + numbers.length + " numbers; write " + usage);
        }
    }
}
