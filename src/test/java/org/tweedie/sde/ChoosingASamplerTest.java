package org.tweedie.sde;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tweedie.plan.CellTable;
import org.tweedie.plan.MomentOracle;
import org.tweedie.plan.Moments;
import org.tweedie.plan.Plan;
import org.tweedie.plan.Space;

/** The table of docs/choosing-a-sampler.md is what the code does. */
class ChoosingASamplerTest {
    private static final int[] BUDGETS = {10, 20, 50, 100, 200, 500, 1000};
    private static final List<String> METHODS = List.of(
            "em@%d",
            "em@%d,logsnr",
            "ancestral@%d",
            "ei@%d,logsnr",
            "lambda:0.5@%d,logsnr",
            "ddim:1@%d",
            "ddim:0@%d",
            "pf@%d",
            "dpm2m@%d",
            "unipc:2@%d",
            "unipc:3@%d",
            "dpm2s@%d",
            "heun@%d",
            "heun@%d,logsnr",
            "edm:10@%d",
            "pc:0.16@%d");

    @Tag("checkout")
    @Test
    void tableIsWhatTheCodeDoes() throws IOException {
        String page = Files.readString(Path.of("docs/choosing-a-sampler.md"));
        StringBuilder table = new StringBuilder("| evaluations, at most |");
        for (int budget : BUDGETS) {
            table.append(' ').append(budget).append(" |");
        }
        table.append("\n|---|").append("---:|".repeat(BUDGETS.length)).append('\n');
        for (String method : METHODS) {
            table.append("| `").append(method.replace("%d", "N")).append("` |");
            for (int budget : BUDGETS) {
                table.append(' ').append(entry(method, budget)).append(" |");
            }
            table.append('\n');
        }
        int start = page.indexOf('\n', page.indexOf("<!-- table")) + 1;
        String written = page.substring(start, page.indexOf("\n\n", start) + 1);
        assertEquals(table.toString(), written, "the table of the page should be:\n" + table);
    }

    /** The distance of the largest number of steps within the budget; a dash where the steps are too long for the method. */
    private static String entry(String method, int budget) {
        VpSde sde = new VpSde().on(Space.euclidean(2));
        GaussianMixture data = GaussianMixture.gaussian(new double[] {0.5, -0.5}, new double[][] {{1, 0}, {0, 0.01}});
        try {
            int cost = MethodSpec.parse(String.format(Locale.ROOT, method, 100))
                    .plan(sde)
                    .evaluations();
            int steps = cost >= 199
                    ? (budget + 1) / 2
                    : budget; // Heun's last step costs one, so (budget + 1)/2 cost budget
            Plan plan =
                    MethodSpec.parse(String.format(Locale.ROOT, method, steps)).plan(sde);
            GaussianMixture exact =
                    data.at(sde, plan.steps().get(plan.steps().size() - 1).s());
            CellTable table = CellTable.of(plan);
            Moments moments = MomentOracle.after(table, Map.of(Sde.SCORE, data.affineScore(sde)), Map.of());
            int x = table.outputs()[0];
            double sum = 0;
            for (int i = 0; i < 2; ++i) {
                sum += Math.pow(moments.mean(x)[i] - exact.mean()[i], 2);
                sum += Math.pow(Math.sqrt(moments.covariance(x)[i][i]) - Math.sqrt(exact.covariance()[i][i]), 2);
            }
            return String.format(Locale.ROOT, "%.4f", Math.sqrt(sum));
        } catch (IllegalArgumentException tooLong) {
            return "-";
        }
    }
}
