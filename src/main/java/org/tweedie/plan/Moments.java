package org.tweedie.plan;

import java.util.Arrays;
import java.util.List;

/**
 * Mean and covariance of the registers of a row, jointly.
 * Immutable but for its arrays, which nobody may change while threads share them.
 *
 * @param registers in their order
 * @param mean of all numbers of all registers, in order
 * @param covariance of the same
 */
public record Moments(List<Register> registers, double[] mean, double[][] covariance) {
    public Moments {
        registers = List.copyOf(registers);
        int numbers = registers.stream().mapToInt(Register::width).sum();
        if (mean.length != numbers || covariance.length != numbers) {
            throw new IllegalArgumentException(
                    "registers of " + numbers + " numbers have as many means and rows of covariance, got " + mean.length
                            + " and " + covariance.length);
        }
    }

    /** The mean of one register. */
    public double[] mean(int register) {
        int at = offset(register);
        return Arrays.copyOfRange(mean, at, at + registers.get(register).width());
    }

    /** The covariance of one register. */
    public double[][] covariance(int register) {
        return covariance(register, register);
    }

    /** The covariance of two registers, [numbers of the first][numbers of the second]. */
    public double[][] covariance(int first, int second) {
        int column = offset(second);
        double[][] block = new double[registers.get(first).width()][];
        for (int i = 0; i < block.length; ++i) {
            block[i] = Arrays.copyOfRange(
                    covariance[offset(first) + i],
                    column,
                    column + registers.get(second).width());
        }
        return block;
    }

    private int offset(int register) {
        int at = 0;
        for (int r = 0; r < register; ++r) {
            at += registers.get(r).width();
        }
        return at;
    }
}
