package org.tweedie.bridge.domain;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.tweedie.train.Dataset;

/**
 * The domain that rows look like: neighbouring columns of zeros and ones that sum to 1 in every row are categories; a column of at most 32 values, each of ten rows or more
 * in the mean, has these levels; else numbers from 0 to 1 are in that interval, numbers of at least 0 above it, and others free. Whether the data could be elsewhere only
 * their owner knows. Stateless.
 */
final class DomainGuess {
    private static final int MOST_LEVELS = 32;
    private static final int ROWS_A_LEVEL = 10;

    private DomainGuess() {}

    static BridgeDomain of(Dataset rows) {
        List<BridgeDomain> factors = new ArrayList<>();
        int at = 0;
        int free = 0;
        while (at < rows.width()) {
            int hot = categories(rows, at);
            BridgeDomain factor = hot > 1 ? BridgeDomain.oneHot(hot) : column(rows, at);
            boolean isFree = factor.parts().get(0) instanceof DomainPart.Free;
            if (free > 0 && (!isFree || free == BridgeDomain.MOST_POINTS)) {
                factors.add(BridgeDomain.free(free));
                free = 0;
            }
            free += isFree ? 1 : 0;
            if (!isFree) {
                factors.add(factor);
            }
            at += factor.width();
        }
        if (free > 0) {
            factors.add(BridgeDomain.free(free));
        }
        return BridgeDomain.product(factors.toArray(BridgeDomain[]::new));
    }

    /** How many columns from this one are categories: the fewest of zeros and ones of which each row has a single 1; 0 where none are. */
    private static int categories(Dataset rows, int first) {
        int[] ones = new int[rows.rows()];
        int sum = 0;
        for (int d = first; d < rows.width() && d - first < BridgeDomain.MOST_POINTS; d++) {
            for (int r = 0; r < ones.length; r++) {
                float x = rows.values()[r * rows.width() + d];
                if (x != 0 && x != 1 || x == 1 && ones[r] == 1) {
                    return 0;
                }
                ones[r] += (int) x;
                sum += (int) x;
            }
            if (sum == ones.length) {
                return d - first + 1;
            }
        }
        return 0;
    }

    private static BridgeDomain column(Dataset rows, int column) {
        Set<Float> levels = new HashSet<>();
        float least = Float.POSITIVE_INFINITY;
        float most = Float.NEGATIVE_INFINITY;
        for (int r = 0; r < rows.rows(); r++) {
            float x = rows.values()[r * rows.width() + column] + 0f; // -0 is 0
            least = Math.min(least, x);
            most = Math.max(most, x);
            if (levels.size() <= MOST_LEVELS) {
                levels.add(x);
            }
        }
        if (levels.size() <= MOST_LEVELS
                && (long) ROWS_A_LEVEL * levels.size() <= rows.rows()
                && -least <= 1e9
                && most <= 1e9) {
            return BridgeDomain.finite(
                    levels.stream().mapToDouble(Float::doubleValue).sorted().toArray());
        }
        return least < 0 ? BridgeDomain.free(1) : most <= 1 ? BridgeDomain.interval(0, 1) : BridgeDomain.halfLine(0);
    }
}
