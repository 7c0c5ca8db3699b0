package org.tweedie.inverse;

import java.util.ArrayList;
import java.util.List;

/** What instruments see of pictures. Stateless. */
public final class ImageOperators {
    private ImageOperators() {}

    /**
     * The mean of each block of {@code factor} x {@code factor} pixels: super-resolution. Singular values 1/factor.
     *
     * @param factor divides height and width
     */
    public static LinearOperator downsample(ImageSize size, int factor) {
        if (factor < 1 || size.height() % factor != 0 || size.width() % factor != 0) {
            throw new IllegalArgumentException("a picture of " + size.height() + "x" + size.width()
                    + " is not cut into blocks of " + factor + "x" + factor + "; take a factor of both sides");
        }
        int lines = size.height() / factor;
        int columns = size.width() / factor;
        double[][] matrix = new double[lines * columns * size.channels()][size.numbers()];
        for (int i = 0; i < size.height(); i++) {
            for (int j = 0; j < size.width(); j++) {
                for (int c = 0; c < size.channels(); c++) {
                    int block = ((i / factor) * columns + j / factor) * size.channels() + c;
                    matrix[block][size.at(i, j, c)] = 1.0 / (factor * factor);
                }
            }
        }
        return orthogonalRows(matrix);
    }

    /** The sum of a pixel's channels over the root of their number: colourisation. Singular values 1. */
    public static LinearOperator grey(ImageSize size) {
        int pixels = size.height() * size.width();
        double[][] matrix = new double[pixels][size.numbers()];
        for (int p = 0; p < pixels; p++) {
            for (int c = 0; c < size.channels(); c++) {
                matrix[p][p * size.channels() + c] = 1 / StrictMath.sqrt(size.channels());
            }
        }
        return orthogonalRows(matrix);
    }

    /**
     * A picture of one channel convolved with a kernel about its middle, periodic at the edges.
     *
     * @param kernel odd x odd, at most as large as the picture
     */
    public static LinearOperator blur(ImageSize size, double[][] kernel) {
        oneChannel(size, "a blur");
        int up = kernel.length / 2;
        int left = kernel.length == 0 ? 0 : kernel[0].length / 2;
        if (kernel.length % 2 == 0 || kernel.length > size.height()) {
            throw new IllegalArgumentException(
                    "a blur's kernel has an odd number of lines, at most " + size.height() + ", got " + kernel.length);
        }
        double[][] matrix = new double[size.numbers()][size.numbers()];
        for (double[] line : kernel) {
            if (line.length != kernel[0].length || line.length % 2 == 0 || line.length > size.width()) {
                throw new IllegalArgumentException("a blur's kernel has lines of one odd length, at most "
                        + size.width() + ", got " + line.length);
            }
        }
        for (int i = 0; i < size.height(); i++) {
            for (int j = 0; j < size.width(); j++) {
                for (int a = 0; a < kernel.length; a++) {
                    for (int b = 0; b < kernel[a].length; b++) {
                        int from = size.at(
                                StrictMath.floorMod(i - (a - up), size.height()),
                                StrictMath.floorMod(j - (b - left), size.width()),
                                0);
                        matrix[size.at(i, j, 0)][from] += kernel[a][b];
                    }
                }
            }
        }
        return new Matrix(matrix);
    }

    /** A Gaussian kernel of {@code deviation} pixels, cut at three of them or at the picture's half, of sum 1. */
    public static LinearOperator blur(ImageSize size, double deviation) {
        if (!(deviation > 0 && deviation < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("a blur's deviation in pixels must be positive, got " + deviation);
        }
        int down = reach(deviation, size.height());
        int across = reach(deviation, size.width());
        double[][] kernel = new double[2 * down + 1][2 * across + 1];
        double sum = 0;
        for (int a = -down; a <= down; a++) {
            for (int b = -across; b <= across; b++) {
                double value = StrictMath.exp(-(a * a + b * b) / (2 * deviation * deviation));
                kernel[a + down][b + across] = value;
                sum += value;
            }
        }
        for (double[] line : kernel) {
            for (int b = 0; b < line.length; b++) {
                line[b] /= sum;
            }
        }
        return blur(size, kernel);
    }

    private static int reach(double deviation, int side) {
        return (int) StrictMath.min(StrictMath.ceil(3 * deviation), (side - 1) / 2);
    }

    /**
     * The real and imaginary parts of the orthonormal two-dimensional Fourier transform of a picture of one channel at the frequencies of a mask:
     * MRI. Of a frequency and its mirror image one is enough, and seen. What is its own mirror image has one number; other parts carry the root of
     * 2, so that singular values are 1.
     *
     * @param seen [height][width], true where the frequency (lines, columns) is measured; 0, 0 is the mean
     */
    public static LinearOperator fourier(ImageSize size, boolean[][] seen) {
        oneChannel(size, "a Fourier mask");
        if (seen.length != size.height() || seen[0].length != size.width()) {
            throw new IllegalArgumentException("a Fourier mask is as large as the picture, " + size.height() + "x"
                    + size.width() + ", got " + seen.length + "x" + (seen.length == 0 ? 0 : seen[0].length));
        }
        List<double[]> rows = new ArrayList<>();
        for (int u = 0; u < size.height(); u++) {
            for (int v = 0; v < size.width(); v++) {
                int mu = (size.height() - u) % size.height();
                int mv = (size.width() - v) % size.width();
                boolean first = u < mu || u == mu && v <= mv;
                if (first && (seen[u][v] || seen[mu][mv])) {
                    boolean own = u == mu && v == mv;
                    rows.add(wave(size, u, v, own ? 1 : StrictMath.sqrt(2), 0));
                    if (!own) {
                        rows.add(wave(size, u, v, StrictMath.sqrt(2), 0.25));
                    }
                }
            }
        }
        if (rows.isEmpty()) {
            throw new IllegalArgumentException("a Fourier mask sees at least one frequency");
        }
        return orthogonalRows(rows.toArray(new double[0][]));
    }

    /** scale cos(2 pi (phase + u i/H + v j/W))/sqrt(HW): a cosine, and a quarter of a turn on minus a sine. */
    private static double[] wave(ImageSize size, int u, int v, double scale, double phase) {
        double[] wave = new double[size.numbers()];
        double norm = scale / StrictMath.sqrt(size.numbers());
        for (int i = 0; i < size.height(); i++) {
            for (int j = 0; j < size.width(); j++) {
                double turns = phase
                        + (double) (u * (long) i % size.height()) / size.height()
                        + (double) (v * (long) j % size.width()) / size.width();
                wave[size.at(i, j, 0)] = norm * StrictMath.cos(2 * Math.PI * turns);
            }
        }
        return wave;
    }

    /**
     * Integrals of a square picture of one channel along parallel rays: computed tomography. The picture's middle is 0, a pixel 1 wide; ray b of
     * angle k (k pi/angles) runs at a distance of (b - (bins - 1)/2) n/bins from the middle. The picture is linear between the middles of pixels
     * and 0 outside; integrals are sums over points half a pixel apart.
     */
    public static LinearOperator radon(int side, int angles, int bins) {
        if (side < 2 || angles < 1 || bins < 1) {
            throw new IllegalArgumentException(
                    "a Radon transform has pictures of at least 2x2, an angle and a bin, got side " + side + ", "
                            + angles + " angles and " + bins + " bins");
        }
        double[][] matrix = new double[Math.multiplyExact(angles, bins)][side * side];
        int reach = (int) StrictMath.ceil(side * StrictMath.sqrt(2));
        for (int k = 0; k < angles; k++) {
            double cos = StrictMath.cos(k * Math.PI / angles);
            double sin = StrictMath.sin(k * Math.PI / angles);
            for (int b = 0; b < bins; b++) {
                double s = (b - 0.5 * (bins - 1)) * side / bins;
                for (int step = -reach; step <= reach; step++) {
                    double along = 0.5 * step;
                    add(matrix[k * bins + b], side, s * cos - along * sin, s * sin + along * cos, 0.5);
                }
            }
        }
        return new Matrix(matrix);
    }

    /** Adds the weights of a value between pixels; (x, y) = (columns to the right, lines down) of the middle. */
    private static void add(double[] row, int side, double x, double y, double weight) {
        double column = x + 0.5 * (side - 1);
        double line = y + 0.5 * (side - 1);
        int left = (int) StrictMath.floor(column);
        int up = (int) StrictMath.floor(line);
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                boolean inside = up + i >= 0 && up + i < side && left + j >= 0 && left + j < side;
                if (inside) {
                    double share =
                            (i == 0 ? 1 - (line - up) : line - up) * (j == 0 ? 1 - (column - left) : column - left);
                    row[(up + i) * side + left + j] += weight * share;
                }
            }
        }
    }

    private static void oneChannel(ImageSize size, String what) {
        if (size.channels() != 1) {
            throw new IllegalArgumentException(what + " is of pictures of one channel, got " + size.channels());
        }
    }

    /** Rows that are orthogonal already are their own right singular vectors. */
    private static LinearOperator orthogonalRows(double[][] matrix) {
        int rank = matrix.length;
        double[] values = new double[rank];
        double[][] v = new double[matrix[0].length][rank];
        int[] all = new int[rank];
        for (int i = 0; i < rank; i++) {
            double square = 0;
            for (double x : matrix[i]) {
                square += x * x;
            }
            values[i] = StrictMath.sqrt(square);
            all[i] = i;
            for (int j = 0; j < v.length; j++) {
                v[j][i] = matrix[i][j] / values[i];
            }
        }
        return new Matrix(matrix, new Svd(new Selection(rank, all), values, new Matrix(v)));
    }
}
