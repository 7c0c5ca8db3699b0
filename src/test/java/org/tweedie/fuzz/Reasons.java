package org.tweedie.fuzz;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Reasons as the sources word them, with {@code *} where a message holds something of the input, and which of them a message is:
 * the one with most words of its own among those that fit.
 */
final class Reasons {
    static final String HOLE = "*";

    private record Template(String text, Pattern pattern) {}

    private final List<Template> templates = new ArrayList<>();
    private final Map<String, String> known = new HashMap<>();

    Reasons(List<String> texts) {
        texts.stream()
                .sorted(Comparator.comparingInt(
                                (String text) -> -text.replace(HOLE, "").length())
                        .thenComparing(Comparator.naturalOrder()))
                .forEach(text -> templates.add(new Template(text, pattern(text))));
    }

    private static Pattern pattern(String text) {
        return Pattern.compile(
                Pattern.compile("\\*")
                        .splitAsStream(text + " ")
                        .map(Pattern::quote)
                        .collect(Collectors.joining(".*")),
                Pattern.DOTALL);
    }

    /** @throws AssertionError for a message that no source has */
    String of(String message) {
        String skeleton = message.length() > 200 ? message : message.replaceAll("[0-9]+", "0");
        String found = known.get(skeleton);
        if (found == null) {
            found = templates.stream()
                    .filter(template ->
                            template.pattern().matcher(message + " ").matches())
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no reason is worded like this: " + message))
                    .text();
            if (known.size() < 100_000) {
                known.put(skeleton, found);
            }
        }
        return found;
    }
}
