package org.tweedie.bridge;

import java.util.Arrays;
import java.util.Locale;
import org.tweedie.sde.Spelling;

/** Which way a bridge is walked. Immutable. */
public enum Direction {
    /** From the first end to the second: away from data. */
    FORWARD,
    /** From the second end to the first. */
    BACKWARD;

    public Direction other() {
        return this == FORWARD ? BACKWARD : FORWARD;
    }

    /** What half bridge {@code half} learns, from 0: the backward one is the first of each iteration. */
    public static Direction learned(int half) {
        return half % 2 == 0 ? BACKWARD : FORWARD;
    }

    /** The word of the command line, the field's name in plans and files. */
    public String spec() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws IllegalArgumentException saying what is known */
    public static Direction parse(String spec) {
        return Arrays.stream(values())
                .filter(direction -> direction.spec().equalsIgnoreCase(spec.strip()))
                .findFirst()
                .orElseThrow(() -> Spelling.unknown(
                        "direction",
                        spec.strip(),
                        Arrays.stream(values()).map(Direction::spec).toList()));
    }

    /** The place in the chain, from 0, of the j-th step of a walk of {@code count} steps; the step of place k joins t_k and t_(k+1). */
    int place(int j, int count) {
        return this == FORWARD ? j : count - 1 - j;
    }

    /** The share of the steps at which the step of place k starts: what the network is told. */
    double starts(int k, int count) {
        return (double) (this == FORWARD ? k : k + 1) / count;
    }
}
