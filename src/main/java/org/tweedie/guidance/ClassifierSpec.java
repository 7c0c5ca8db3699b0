package org.tweedie.guidance;

import org.tweedie.sde.Spelling;

/**
 * Guidance by a classifier as users write it: {@code classifier:kinds.safetensors,storm,2}. Immutable.
 *
 * @param file the classifier's; a comma is part of its name where more than two follow
 * @param name of the class
 * @param weight of its gradient
 */
public record ClassifierSpec(String file, String name, double weight) {
    private static final String PREFIX = ClassifierGuidance.NAME + ":";

    public ClassifierSpec {
        if (file.isBlank() || name.isBlank()) {
            throw new IllegalArgumentException("guidance by a classifier is written classifier:FILE,CLASS,WEIGHT, got '"
                    + PREFIX + file + "," + name + "," + Spelling.number(weight) + "'");
        }
        if (!Double.isFinite(weight)) {
            throw new IllegalArgumentException("the weight of a class must be finite, got " + weight);
        }
    }

    /** Whether a text is for {@link #parse}, and not for {@link ClassifierFree#parse}. */
    public static boolean is(String text) {
        return text.strip().startsWith(PREFIX);
    }

    /** @throws IllegalArgumentException naming the part at fault */
    public static ClassifierSpec parse(String text) {
        String spec = text.strip();
        int last = spec.lastIndexOf(',');
        int before = last < 0 ? -1 : spec.lastIndexOf(',', last - 1);
        if (!is(spec) || before < PREFIX.length()) {
            throw new IllegalArgumentException("'" + spec + "' is not written classifier:FILE,CLASS,WEIGHT");
        }
        return new ClassifierSpec(
                spec.substring(PREFIX.length(), before).strip(),
                spec.substring(before + 1, last).strip(),
                Spelling.number(spec.substring(last + 1), spec));
    }

    /** What {@link #parse} reads. */
    public String spec() {
        return PREFIX + file + "," + name + "," + Spelling.number(weight);
    }
}
