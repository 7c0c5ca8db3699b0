package org.tweedie.fuzz;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reasons as the sources word them, with {@code *} where a message holds something of the input, and which of them a message is:
 * the one with most words of its own among those that fit.
 */
final class Reasons {
    static final String HOLE = "*";

    /** What stands between the holes of a text. */
    private record Template(String text, List<String> parts) {
        /** Looked for from the left, each part as early as it can be; no regular expression, which jazzer would watch at work. */
        boolean fits(String message) {
            if (!message.startsWith(parts.get(0))) {
                return false;
            }
            String last = parts.get(parts.size() - 1);
            int at = parts.get(0).length();
            for (String part : parts.subList(1, Math.max(1, parts.size() - 1))) {
                at = message.indexOf(part, at);
                if (at < 0) {
                    return false;
                }
                at += part.length();
            }
            return parts.size() == 1
                    ? at == message.length()
                    : message.endsWith(last) && at <= message.length() - last.length();
        }
    }

    private final List<Template> templates = new ArrayList<>();
    private final Map<String, String> known = new HashMap<>();

    Reasons(List<String> texts) {
        texts.stream()
                .sorted(Comparator.comparingInt(
                                (String text) -> -text.replace(HOLE, "").length())
                        .thenComparing(Comparator.naturalOrder()))
                .forEach(text -> templates.add(new Template(text, List.of(text.split("\\*", -1)))));
    }

    /** The message with one 0 for each number. */
    private static String skeleton(String message) {
        StringBuilder text = new StringBuilder(message.length());
        boolean digit = false;
        for (int i = 0; i < message.length(); i++) {
            char c = message.charAt(i);
            if (c < '0' || c > '9') {
                text.append(c);
                digit = false;
            } else if (!digit) {
                text.append('0');
                digit = true;
            }
        }
        return text.toString();
    }

    /** @throws AssertionError for a message that no source has */
    String of(String message) {
        String skeleton = skeleton(message);
        String found = known.get(skeleton);
        if (found == null) {
            found = templates.stream()
                    .filter(template -> template.fits(message))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no reason is worded like this: " + message))
                    .text();
            if (known.size() < 10_000 && skeleton.length() < 500) {
                known.put(skeleton, found);
            }
        }
        return found;
    }
}
