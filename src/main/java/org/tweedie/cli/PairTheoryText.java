package org.tweedie.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.tweedie.io.Json;
import org.tweedie.theory.ConvergenceBudget;
import org.tweedie.theory.PairTheory;

/**
 * What {@code tweedie theory --sde cld} prints. Immutable.
 *
 * @param header of data and sampler
 * @param terms NaN where the theorem does not speak
 */
record PairTheoryText(String header, PairTheory theory, ConvergenceBudget.Terms terms) {
    String text() {
        return Printed.lines(out -> {
            out.println(header);
            out.printf(
                    Locale.ROOT,
                    "start     KL(data, velocities | prior) = %.4g, FI = %.4g, L = %.4g%n",
                    theory.klToPrior(),
                    theory.fisherToPrior(),
                    theory.lipschitz());
            out.printf("%n%-38s %-11s %-11s %-11s %s%n", "promised", "start", "steps", "score", "sum");
            if (!Double.isNaN(terms.sum())) {
                row(
                        out,
                        "Chen et al. 2023, TV, up to constants",
                        terms.start(),
                        terms.steps(),
                        terms.score(),
                        terms.sum());
            }
            row(
                    out,
                    "Girsanov, KL, no constant",
                    theory.bound().start(),
                    theory.bound().steps(),
                    theory.bound().score(),
                    theory.bound().kl());
            one(out, "  hence TV at most", theory.bound().totalVariation());
            out.printf("%n%s%n", "measured, without samples");
            one(out, "KL(p_t | output)", theory.kl());
            one(out, "the same of positions", theory.klOfPositions());
            one(out, "W2 of positions from the data", theory.w2ToData());
        });
    }

    private static void row(PrintWriter out, String name, double start, double steps, double score, double sum) {
        out.printf(Locale.ROOT, "%-38s %-11.4e %-11.4e %-11.4e %.4e%n", name, start, steps, score, sum);
    }

    private static void one(PrintWriter out, String name, double value) {
        out.printf(Locale.ROOT, "%-38s %-35s %.4e%n", name, "", value);
    }

    void fields(Json json) {
        json.field("lipschitz", theory.lipschitz())
                .field("klToPrior", theory.klToPrior())
                .field("fisherToPrior", theory.fisherToPrior());
        if (!Double.isNaN(terms.sum())) {
            json.object("chen")
                    .field("start", terms.start())
                    .field("steps", terms.steps())
                    .field("score", terms.score())
                    .field("sum", terms.sum())
                    .end();
        }
        json.object("girsanov")
                .field("start", theory.bound().start())
                .field("steps", theory.bound().steps())
                .field("score", theory.bound().score())
                .field("kl", theory.bound().kl())
                .field("totalVariation", theory.bound().totalVariation())
                .end();
        json.object("measured")
                .field("kl", theory.kl())
                .field("klOfPositions", theory.klOfPositions())
                .field("w2ToData", theory.w2ToData())
                .end();
    }
}
