package org.tweedie.sde;

import org.tweedie.plan.Formula;
import org.tweedie.plan.FormulaWriter;

/** Blocks of a row as registers of their own, and as one. */
final class SideBySide {
    private SideBySide() {}

    /** One register of all blocks to one of each. */
    static Formula apart(int... widths) {
        FormulaWriter f = Formula.writer("blocks apart");
        int whole = 0;
        for (int width : widths) {
            whole += width;
        }
        FormulaWriter.Value all = f.input(whole);
        int at = 0;
        for (int width : widths) {
            f.output(all.part(at, width));
            at += width;
        }
        return f.formula();
    }

    /** A register of each block to one of all. */
    static Formula together(int... widths) {
        FormulaWriter f = Formula.writer("blocks side by side");
        FormulaWriter.Value[] each = new FormulaWriter.Value[widths.length];
        for (int b = 0; b < each.length; ++b) {
            each[b] = f.input(widths[b]);
        }
        return f.output(f.joined(each)).formula();
    }
}
