package org.tweedie.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.tweedie.plan.CellTable.Cell;
import org.tweedie.plan.CellTable.Mix;
import org.tweedie.rng.Law;

/**
 * The exact mean and covariance of every register of a plan whose fields are affine and whose functions are linear: m &larr; M m + c,
 * C &larr; M C M' along the cells. No sampling, no device. Stateless.
 */
public final class MomentOracle {
    private final CellTable table;
    private final Map<String, ? extends AffineField> fields;
    private final int[] offset;
    private final double[] mean;
    private final double[][] covariance;

    private MomentOracle(CellTable table, Map<String, ? extends AffineField> fields) {
        this.table = table;
        this.fields = fields;
        offset = new int[table.registers().size() + 1];
        for (int r = 0; r + 1 < offset.length; ++r) {
            offset[r + 1] = offset[r] + table.registers().get(r).width();
        }
        mean = new double[offset[offset.length - 1]];
        covariance = new double[mean.length][mean.length];
    }

    /** The moments of the plan's registers after its last step. */
    public static Moments after(Plan plan, Map<String, ? extends AffineField> fields) {
        return after(plan, fields, Map.of());
    }

    /**
     * The moments of the plan's registers after its last step.
     *
     * @param given mean and covariance of each given register, by name, independent of each other; each has one register
     */
    public static Moments after(Plan plan, Map<String, ? extends AffineField> fields, Map<String, Moments> given) {
        return after(Literal.of(plan), fields, given);
    }

    /** The moments of the table's registers after its last cell. */
    public static Moments after(
            CellTable table, Map<String, ? extends AffineField> fields, Map<String, Moments> given) {
        MomentOracle oracle = new MomentOracle(table, fields);
        oracle.given(given);
        table.cells().forEach(oracle::cell);
        return new Moments(table.registers(), oracle.mean, oracle.covariance);
    }

    private void given(Map<String, Moments> given) {
        for (int r = 0; r < table.registers().size(); ++r) {
            Register register = table.registers().get(r);
            if (register.given()) {
                Moments moments = given.get(register.name());
                if (moments == null || moments.mean().length != register.width()) {
                    throw new IllegalArgumentException("the plan needs moments of width " + register.width()
                            + " given for '" + register.name() + "'");
                }
                for (int i = 0; i < register.width(); ++i) {
                    mean[offset[r] + i] = moments.mean()[i];
                    System.arraycopy(
                            moments.covariance()[i], 0, covariance[offset[r] + i], offset[r], register.width());
                }
            }
        }
    }

    private void cell(Cell cell) {
        if (table.untils().get(cell.step()).isPresent()) {
            throw new IllegalArgumentException(
                    "step " + cell.step() + " repeats row by row: its moments have no closed form");
        }
        cell.before().ifPresent(this::before);
        cell.mixes().forEach(this::mix);
    }

    private void before(Stage stage) {
        if (stage instanceof Stage.Evaluate evaluate) {
            AffineField field = fields.get(evaluate.field());
            if (field == null) {
                throw new IllegalArgumentException(
                        "the plan evaluates '" + evaluate.field() + "', and the fields given are " + fields.keySet());
            }
            if (evaluate.t().perRow()) {
                throw new IllegalArgumentException(
                        "field '" + evaluate.field() + "' is evaluated at a time per row: not affine");
            }
            AffineField.Affine affine = field.at(evaluate.t().at());
            assign(numbers(evaluate.into()), numbers(evaluate.from()), affine.matrix(), affine.offset());
        } else if (stage instanceof Stage.Apply apply && apply.from().length == 0) {
            int[] into = numbers(apply.into());
            assign(into, new int[0], new double[into.length][0], constant(apply));
        } else if (stage instanceof Stage.Apply apply) {
            double[][] matrix = apply.function()
                    .linear()
                    .orElseThrow(() -> new IllegalArgumentException("function '"
                            + apply.function().name() + "' is not linear: its moments have no closed form"));
            assign(numbers(apply.into()), numbers(apply.from()), matrix, new double[matrix.length]);
        } else {
            throw new IllegalArgumentException("a draw whose law depends on registers has no closed form here");
        }
    }

    /** What a function of nothing gives. */
    private double[] constant(Stage.Apply apply) {
        double[][] into = new double[apply.into().length][];
        for (int i = 0; i < into.length; ++i) {
            into[i] = new double[table.registers().get(apply.into()[i]).width()];
        }
        apply.function().apply(new double[0][], into);
        return Arrays.stream(into).flatMapToDouble(Arrays::stream).toArray();
    }

    private void mix(Mix mix) {
        int width = table.registers().get(mix.into()[0]).width();
        int from = mix.from().length;
        int[] into = numbers(mix.into());
        int[] columns = numbers(mix.from());
        double[][] matrix = new double[into.length][columns.length];
        double[] constant = new double[into.length];
        for (int i = 0; i < into.length; ++i) {
            double[] weights = mix.weights()[i / width];
            for (int j = 0; j < from; ++j) {
                matrix[i][j * width + i % width] = weights[j];
            }
            for (int j = 0; j < mix.draws().size(); ++j) {
                constant[i] += weights[from + j] * mean(mix.draws().get(j).law());
            }
        }
        assign(into, columns, matrix, constant);
        for (int i = 0; i < into.length; ++i) {
            for (int k = 0; k < into.length; ++k) {
                for (int j = 0; i % width == k % width && j < mix.draws().size(); ++j) {
                    covariance[into[i]][into[k]] += mix.weights()[i / width][from + j]
                            * mix.weights()[k / width][from + j]
                            * variance(mix.draws().get(j).law());
                }
            }
        }
    }

    private int[] numbers(int[] registers) {
        List<Integer> numbers = new ArrayList<>();
        for (int r : registers) {
            for (int i = offset[r]; i < offset[r + 1]; ++i) {
                numbers.add(i);
            }
        }
        return numbers.stream().mapToInt(Integer::intValue).toArray();
    }

    /** State[into] &larr; matrix State[from] + constant. */
    private void assign(int[] into, int[] from, double[][] matrix, double[] constant) {
        int all = mean.length;
        double[] newMean = new double[into.length];
        double[][] cross = new double[into.length][all];
        double[][] own = new double[into.length][into.length];
        for (int i = 0; i < into.length; ++i) {
            newMean[i] = constant[i];
            for (int j = 0; j < from.length; ++j) {
                double w = matrix[i][j];
                newMean[i] += w * mean[from[j]];
                for (int k = 0; w != 0 && k < all; ++k) {
                    cross[i][k] += w * covariance[from[j]][k];
                }
            }
        }
        for (int i = 0; i < into.length; ++i) {
            for (int k = 0; k <= i; ++k) {
                for (int j = 0; j < from.length; ++j) {
                    own[i][k] += cross[i][from[j]] * matrix[k][j];
                }
                own[k][i] = own[i][k]; // exactly: a row taken from itself doubles what is not symmetric
            }
        }
        for (int i = 0; i < into.length; ++i) {
            mean[into[i]] = newMean[i];
            for (int k = 0; k < all; ++k) {
                covariance[into[i]][k] = cross[i][k];
                covariance[k][into[i]] = cross[i][k];
            }
        }
        for (int i = 0; i < into.length; ++i) {
            for (int k = 0; k < into.length; ++k) {
                covariance[into[i]][into[k]] = own[i][k];
            }
        }
    }

    private static double mean(Law law) {
        return law == Law.UNIFORM ? 0.5 : standard(law, 0);
    }

    private static double variance(Law law) {
        return law == Law.UNIFORM ? 1.0 / 12 : standard(law, 1);
    }

    private static double standard(Law law, double value) {
        if (law == Law.NORMAL || law == Law.RADEMACHER) {
            return value;
        }
        throw new IllegalArgumentException("the moments of law " + law + " are not known");
    }
}
