package org.tweedie.sde;

import java.util.List;

/** How specs spell numbers and lists, and what they say of a word they do not know. Stateless. */
public final class Spelling {
    private Spelling() {}

    /** The shortest decimal that reads back as the same double: {@code 0.1}, {@code 20}, {@code 1e-5}. */
    public static String number(double value) {
        String text = Double.toString(value).replace("E", "e").replace(".0e", "e");
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }

    /** Reads what {@link #number} wrote; "Infinity" is a number. */
    public static double number(String text, String spec) {
        try {
            double value = Double.parseDouble(text.strip());
            if (!Double.isNaN(value)
                    && !text.isBlank()
                    && "0123456789.yY".indexOf(text.strip().charAt(text.strip().length() - 1)) >= 0) {
                return value;
            }
        } catch (NumberFormatException notANumber) {
            // said below, with the spec
        }
        throw new IllegalArgumentException("'" + text + "' in '" + spec + "' is not a number");
    }

    /** A whole number of a spec. */
    public static int whole(String text, String spec) {
        try {
            return Integer.parseInt(text.strip());
        } catch (NumberFormatException notWhole) {
            throw new IllegalArgumentException("'" + text + "' in '" + spec + "' is not a whole number", notWhole);
        }
    }

    /** The parts of {@code a,b,c}; none of an empty text. */
    public static List<String> list(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(",", -1));
    }

    /**
     * What to say of a word that is none of those known: {@code unknown method 'hein'; did you mean heun? known: ...}.
     *
     * @param kind what the word should have been, as "method"
     */
    public static IllegalArgumentException unknown(String kind, String word, List<String> known) {
        return unknown(kind, word, known, "");
    }

    /** The same with more to say of those known. */
    public static IllegalArgumentException unknown(String kind, String word, List<String> known, String more) {
        int closest =
                known.stream().mapToInt(name -> distance(word, name)).min().orElse(Integer.MAX_VALUE);
        List<String> near =
                known.stream().filter(name -> distance(word, name) == closest).toList();
        String hint =
                closest <= Math.max(2, word.length() / 2) ? "; did you mean " + String.join(" or ", near) + "?" : ";";
        return new IllegalArgumentException(
                "unknown " + kind + " '" + word + "'" + hint + " known: " + String.join(", ", known) + more);
    }

    /** Letters to add, drop, change or swap with their neighbour between two words. */
    private static int distance(String a, String b) {
        int[][] edits = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); ++i) {
            for (int j = 0; j <= b.length(); ++j) {
                if (i == 0 || j == 0) {
                    edits[i][j] = i + j;
                    continue;
                }
                int change = edits[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                edits[i][j] = Math.min(change, Math.min(edits[i - 1][j], edits[i][j - 1]) + 1);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    edits[i][j] = Math.min(edits[i][j], edits[i - 2][j - 2] + 1);
                }
            }
        }
        return edits[a.length()][b.length()];
    }
}
