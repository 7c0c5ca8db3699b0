package org.tweedie.plan;

/** What one line of a {@link Formula} does. Its code is that of the kernels. Immutable. */
public enum FormulaOperation {
    /** constants[k], constants[k + 1], ... */
    LITERAL(0, 0),
    COPY(1, 1),
    NEGATE(2, 1),
    ABSOLUTE(3, 1),
    /** The square root; 0 below 2^-100. */
    ROOT(4, 1),
    EXP(5, 1),
    /** The natural logarithm; minus infinity below 2^-126. */
    LOG(6, 1),
    /** For at most 10,000 radians. */
    SIN(7, 1),
    /** For at most 10,000 radians. */
    COS(8, 1),
    TANH(9, 1),
    /** The greatest whole number not above. */
    FLOOR(10, 1),
    ADD(11, 2),
    SUBTRACT(12, 2),
    MULTIPLY(13, 2),
    DIVIDE(14, 2),
    LEAST(15, 2),
    GREATEST(16, 2),
    /** a b + c, rounded once. */
    FMA(17, 3),
    /** b where a is above 0, else c. */
    SELECT(18, 3),
    /** The sum of a's coordinates. */
    SUM(19, 1),
    /** The sum of the products of a's and b's coordinates. */
    DOT(20, 2),
    /** The greatest of a's coordinates. */
    GREATEST_OF(21, 1),
    /** constants[k + i n + j] a[j], summed over j. */
    MATRIX(22, 1),
    /** Columns of a table at time a. */
    CURVES(23, 1);

    private final int code;
    private final int operands;

    FormulaOperation(int code, int operands) {
        this.code = code;
        this.operands = operands;
    }

    /** The number that kernels know the operation by. */
    public int code() {
        return code;
    }

    /** How many values it reads. */
    public int operands() {
        return operands;
    }

    /** True where each coordinate of the result comes from that coordinate of the operands. */
    boolean coordinatewise() {
        return code >= COPY.code && code <= SELECT.code;
    }

    double of(double a, double b, double c) {
        return switch (this) {
            case COPY -> a;
            case NEGATE -> -a;
            case ABSOLUTE -> Math.abs(a);
            case ROOT -> a < 0x1p-100 ? 0 : Math.sqrt(a);
            case EXP -> StrictMath.exp(a);
            case LOG -> a < 0x1p-126 ? Double.NEGATIVE_INFINITY : StrictMath.log(a);
            case SIN -> StrictMath.sin(a);
            case COS -> StrictMath.cos(a);
            case TANH -> StrictMath.tanh(a);
            case FLOOR -> Math.floor(a);
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
            case LEAST -> a < b ? a : b;
            case GREATEST -> a > b ? a : b;
            case FMA -> Math.fma(a, b, c);
            case SELECT -> a > 0 ? b : c;
            default -> throw new IllegalStateException(this + " is not of single coordinates");
        };
    }
}
