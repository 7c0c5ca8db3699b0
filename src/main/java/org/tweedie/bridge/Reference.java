package org.tweedie.bridge;

import java.util.Arrays;
import java.util.List;
import org.tweedie.sde.Spelling;

/**
 * The process that a bridge stays as near to as its ends allow: dX = pull (centre - X) dt + sqrt(2) dW, Brownian motion where pull is 0,
 * Ornstein and Uhlenbeck's process towards N(centre, 1/pull) otherwise. Its chain takes steps x + gamma pull (centre - x) + sqrt(2 gamma) z. Immutable.
 *
 * @param pull 1/variance of the law that it tends to, at least 0
 * @param centre of every coordinate; of no meaning for Brownian motion
 */
public record Reference(double pull, double centre) {
    public Reference {
        if (!(pull >= 0 && pull < Double.POSITIVE_INFINITY) || !Double.isFinite(centre)) {
            throw new IllegalArgumentException(
                    "a reference pulls with a number of at least 0 to a finite centre, got " + pull + " to " + centre);
        }
    }

    /** Brownian motion of variance 2 t. */
    public static Reference brownian() {
        return new Reference(0, 0);
    }

    /** Ornstein and Uhlenbeck's process towards N(0, variance I). */
    public static Reference ornsteinUhlenbeck(double variance) {
        return ornsteinUhlenbeck(0, variance);
    }

    /** Ornstein and Uhlenbeck's process towards N(centre, variance I). */
    public static Reference ornsteinUhlenbeck(double centre, double variance) {
        if (!(variance > 0 && Double.isFinite(variance))) {
            throw new IllegalArgumentException("the variance that a reference tends to must be positive, got "
                    + variance + "; brownian tends to none");
        }
        return new Reference(1 / variance, centre);
    }

    /** What a step of size {@code gamma} multiplies x by. */
    public double factor(double gamma) {
        return 1 - gamma * pull;
    }

    /** {@code brownian}, {@code ou:1} (variance) or {@code ou:1,0.5} (variance, centre). */
    public String spec() {
        return pull == 0
                ? "brownian"
                : "ou:" + Spelling.number(1 / pull) + (centre == 0 ? "" : "," + Spelling.number(centre));
    }

    /**
     * Reads what {@link #spec} wrote; {@code ou} alone has variance 1.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    public static Reference parse(String spec) {
        String text = spec.strip();
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        List<String> numbers = Spelling.list(colon < 0 ? "" : text.substring(colon + 1));
        if (text.endsWith(":") || numbers.size() > (name.equals("brownian") ? 0 : 2)) {
            throw new IllegalArgumentException("'" + text + "' has " + numbers.size()
                    + " numbers; say brownian, ou, ou:VARIANCE or ou:VARIANCE,CENTRE");
        }
        return switch (name) {
            case "brownian" -> brownian();
            case "ou" ->
                ornsteinUhlenbeck(
                        numbers.size() < 2 ? 0 : Spelling.number(numbers.get(1), text),
                        numbers.isEmpty() ? 1 : Spelling.number(numbers.get(0), text));
            default -> throw Spelling.unknown("reference", name, Arrays.asList("brownian", "ou"));
        };
    }
}
