package org.tweedie.kernels;

/** How the lines of a formula lie in the table of {@link RowFormula} (kernels/execution/formula.cuh), beside the codes of its operations. Stateless. */
public final class FormulaLayout {
    /** int32 a line. */
    public static final int WORDS = 12;

    /** The code of a line that reads a row of a port; the next one's is of a line that writes one. */
    public static final int LOAD = 24;

    /** The code of a line that writes a row of a port. */
    public static final int STORE = LOAD + 1;

    private FormulaLayout() {}
}
