package org.tweedie.randomness;

/** What of the words a statistic sees. */
enum View {
    WHOLE(1) {
        @Override
        int word(int[] words, int i) {
            return words[i];
        }
    },
    /** The last bit first: statistics look most at the first. */
    REVERSED(1) {
        @Override
        int word(int[] words, int i) {
            return Integer.reverse(words[i]);
        }
    },
    /** The low bytes of four words. */
    LOW_BYTES(4) {
        @Override
        int word(int[] words, int i) {
            int word = 0;
            for (int k = 4 * i; k < 4 * i + 4; k++) {
                word = word << 8 | words[k] & 0xff;
            }
            return word;
        }
    },
    /** The lowest bits of 32 words. */
    LOW_BITS(32) {
        @Override
        int word(int[] words, int i) {
            int word = 0;
            for (int k = 32 * i; k < 32 * i + 32; k++) {
                word = word << 1 | words[k] & 1;
            }
            return word;
        }
    };

    /** Words that make one. */
    final int fold;

    View(int fold) {
        this.fold = fold;
    }

    abstract int word(int[] words, int i);

    int[] of(int[] words) {
        if (this == WHOLE) {
            return words;
        }
        int[] seen = new int[words.length / fold];
        for (int i = 0; i < seen.length; i++) {
            seen[i] = word(words, i);
        }
        return seen;
    }
}
