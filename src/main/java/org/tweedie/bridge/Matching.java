package org.tweedie.bridge;

import java.util.Arrays;
import java.util.Locale;
import org.tweedie.sde.Spelling;

/**
 * What a bridge's network puts out for x: the step from x is normal with mean {@code stay} x + {@code gain} out and covariance 2 gamma I. Rows of a
 * loss weigh |error of the mean|^2/(2 gamma), twice the KL of the step, for either. Immutable.
 */
public enum Matching {
    /** The drift b of x + gamma b: of the size of 1 whatever the steps. */
    DRIFT,
    /** The mean itself. */
    MEAN;

    double stay() {
        return this == DRIFT ? 1 : 0;
    }

    double gain(double gamma) {
        return this == DRIFT ? gamma : 1;
    }

    /** Of |out - target|^2. */
    double weight(double gamma) {
        return gain(gamma) * gain(gamma) / (2 * gamma);
    }

    /** The word of the command line and of files. */
    public String spec() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws IllegalArgumentException saying what is known */
    public static Matching parse(String spec) {
        return Arrays.stream(values())
                .filter(matching -> matching.spec().equals(spec.strip()))
                .findFirst()
                .orElseThrow(() -> Spelling.unknown(
                        "matching",
                        spec.strip(),
                        Arrays.stream(values()).map(Matching::spec).toList()));
    }
}
