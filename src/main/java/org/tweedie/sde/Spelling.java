package org.tweedie.sde;

import java.util.ArrayList;
import java.util.List;

/** How specs spell numbers and lists, and what they say of a word they do not know. */
final class Spelling {
    private Spelling() {}

    /** The shortest decimal that reads back as the same double: {@code 0.1}, {@code 20}, {@code 1e-5}. */
    static String number(double value) {
        String text = Double.toString(value).replace("E", "e").replace(".0e", "e");
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }

    /** Reads what {@link #number} wrote; "Infinity" is a number. */
    static double number(String text, String spec) {
        try {
            double value = Double.parseDouble(text.strip());
            if (!Double.isNaN(value) && !text.isBlank() && "0123456789.yY".indexOf(text.strip().charAt(text.strip().length() - 1)) >= 0) {
                return value;
            }
        } catch (NumberFormatException notANumber) {
            // said below, with the spec
        }
        throw new IllegalArgumentException("'" + text + "' in '" + spec + "' is not a number");
    }

    static int whole(String text, String spec) {
        try {
            return Integer.parseInt(text.strip());
        } catch (NumberFormatException notWhole) {
            throw new IllegalArgumentException("'" + text + "' in '" + spec + "' is not a whole number", notWhole);
        }
    }

    /** The parts of {@code a,b,c}; none of an empty text. */
    static List<String> list(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(",", -1));
    }

    /** {@code unknown method 'hein'; did you mean heun? known: ...}. */
    static IllegalArgumentException unknown(String kind, String word, List<String> known) {
        int closest = known.stream().mapToInt(name -> distance(word, name)).min().orElse(Integer.MAX_VALUE);
        List<String> near = known.stream().filter(name -> distance(word, name) == closest).toList();
        String hint = closest <= Math.max(2, word.length() / 2) ? "; did you mean " + String.join(" or ", near) + "?" : ";";
        return new IllegalArgumentException("unknown " + kind + " '" + word + "'" + hint + " known: " + String.join(", ", known));
    }

    /** Letters to add, drop or change between two words. */
    private static int distance(String a, String b) {
        List<Integer> row = new ArrayList<>();
        for (int j = 0; j <= b.length(); ++j) {
            row.add(j);
        }
        for (int i = 1; i <= a.length(); ++i) {
            int corner = row.set(0, i);
            for (int j = 1; j <= b.length(); ++j) {
                int change = corner + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                corner = row.get(j);
                row.set(j, Math.min(change, Math.min(row.get(j), row.get(j - 1)) + 1));
            }
        }
        return row.get(b.length());
    }
}
