package org.tweedie.rng;

/** The laws without parameters, which kernels draw in place. Immutable. */
public enum StandardLaw implements Law {
    NORMAL {
        @Override
        double number(Words words, int coordinate) {
            return words.normal(coordinate);
        }
    },
    UNIFORM {
        @Override
        double number(Words words, int coordinate) {
            return words.uniform(coordinate);
        }
    },
    RADEMACHER {
        @Override
        double number(Words words, int coordinate) {
            return words.word(coordinate, 0) < 0 ? -1 : 1;
        }
    };

    abstract double number(Words words, int coordinate);

    /** The number kernels know it by. */
    public int code() {
        return ordinal();
    }

    @Override
    public void draw(Words words, double[][] from, double[] into) {
        for (int coordinate = 0; coordinate < into.length; coordinate++) {
            into[coordinate] = number(words, coordinate);
        }
    }
}
