package org.tweedie.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.tweedie.io.Json;
import org.tweedie.sde.CldSde;
import org.tweedie.sde.ExponentialIntegrator;
import org.tweedie.sde.Noising;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.sde.Sde;
import org.tweedie.sde.Spelling;
import org.tweedie.sde.TimeGrid;
import org.tweedie.sde.VariancePreserving;
import org.tweedie.theory.ConvergenceBudget;
import org.tweedie.theory.Gap;
import org.tweedie.theory.GirsanovBound;
import org.tweedie.theory.ManifoldBound;
import org.tweedie.theory.PairTheory;
import org.tweedie.theory.ProductLaw;
import org.tweedie.theory.StepSchedule;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code tweedie theory}. */
@Command(
        name = "theory",
        mixinStandardHelpOptions = true,
        description =
                "Prints what theorems promise of a sampler for data whose law is known, beside what the sampler does, computed without samples.",
        footer = {"", "Example: tweedie theory --data mixture:2,0.25 --horizon 3 --steps 60 --score-error 0.1"})
final class TheoryCommand implements Callable<Integer> {
    private static final List<String> LAWS = List.of("gaussian", "mixture");
    private static final String NUMBER = "([-+0-9.eE]{1,30})";
    private static final Pattern LAW = Pattern.compile("(?:gaussian|mixture):" + NUMBER + "," + NUMBER);
    private static final int MOST_STEPS = 20_000;
    private static final int MOST_STEPS_OF_MIXTURE = 1000;

    @Option(
            names = "--data",
            paramLabel = "LAW",
            defaultValue = "gaussian:1,0.25",
            description =
                    "gaussian:MEAN,VARIANCE, or mixture:MEAN,VARIANCE for half at -MEAN and half at MEAN, in each coordinate;"
                            + " default ${DEFAULT-VALUE}")
    private String data;

    @Option(
            names = "--dim",
            paramLabel = "D",
            defaultValue = "1",
            description = "number of independent coordinates; default 1")
    private int dimension;

    @Option(
            names = "--horizon",
            paramLabel = "T",
            defaultValue = "5",
            description = "time that dX = -X dt + sqrt(2) dW runs for; default ${DEFAULT-VALUE}")
    private double horizon;

    @Option(
            names = "--sde",
            paramLabel = "SPEC",
            description =
                    "another variance-preserving process instead: vp:0.1,20, vp-cosine; or cld, rows with velocities over --horizon, or cld:4,4,0.04")
    private @Nullable String sde;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "100",
            description = "steps of the sampler; default ${DEFAULT-VALUE}")
    private int steps;

    @Option(
            names = "--grid",
            paramLabel = "WORD",
            defaultValue = "uniform",
            description = "uniform or geometric times; default ${DEFAULT-VALUE}")
    private String grid;

    @Option(
            names = "--stop",
            paramLabel = "t",
            defaultValue = "0",
            description =
                    "the time at which sampling stops, above 0 for data without a density; default ${DEFAULT-VALUE}")
    private double stop;

    @Option(
            names = "--score-error",
            paramLabel = "B",
            defaultValue = "0",
            description = "length of a constant vector that the score is wrong by; default ${DEFAULT-VALUE}")
    private double scoreError;

    @Option(
            names = "--accuracy",
            paramLabel = "EPS",
            defaultValue = "0.1",
            description =
                    "what the budget makes each term of the bound of Chen et al., in (0, 1); default ${DEFAULT-VALUE}")
    private double accuracy;

    @Mixin
    private Printed printed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        Sde rows = ProductLaw.ornsteinUhlenbeck(horizon);
        Noising asked = sde == null ? rows : ProcessSpec.process(sde);
        if (asked instanceof CldSde pairs) {
            boolean theirs = sde != null && sde.strip().equals("cld");
            pairs(theirs ? CldSde.unit(horizon) : pairs, theirs);
            return ExitCode.OK;
        }
        if (!(asked instanceof Sde process) || !(process instanceof VariancePreserving preserving)) {
            throw new IllegalArgumentException(
                    "--sde " + sde + ": the bounds are of variance-preserving processes; say vp or vp-cosine");
        }
        double clock = sde == null ? horizon : process.horizon(); // one unit of the process's clock, in T's
        ProductLaw law = checkedLaw(clock);
        TimeGrid times = schedule().grid(process, steps, sde == null ? stop / horizon : stop);
        Facts facts = facts(law, preserving, times, clock / process.horizon());
        printed.print(spec, facts.text(this), json -> facts.fields(json));
        return ExitCode.OK;
    }

    /** Of position and velocity: their process over --horizon, or one with numbers of its own. */
    private void pairs(CldSde process, boolean theirs) {
        ProductLaw law = checkedLaw(theirs ? horizon : 1);
        TimeGrid times = schedule().grid(process, steps, theirs ? stop / horizon : stop);
        PairTheory theory = PairTheory.of(law, process, times, scoreError);
        boolean equal = theirs && grid.equals("uniform");
        String header = String.format(
                Locale.ROOT,
                "data      %s in %d coordinate%s%nsampler   exponential integrator, %s, %d %s steps to t = %s, score off by %s",
                data,
                dimension,
                dimension == 1 ? "" : "s",
                theirs ? "dX = V dt, dV = -(X + 2 V) dt + 2 dB over T = " + horizon : process.spec(),
                steps,
                grid,
                stop,
                scoreError);
        ConvergenceBudget.Terms terms = equal
                ? theory.terms(
                        dimension, StrictMath.sqrt(law.secondMoment()), horizon, (horizon - stop) / steps, scoreError)
                : new ConvergenceBudget.Terms(Double.NaN, Double.NaN, Double.NaN);
        PairTheoryText said = new PairTheoryText(header, theory, terms);
        printed.print(spec, said.text(), said::fields);
    }

    /** The law, once the numbers beside it are checked. */
    private ProductLaw checkedLaw(double clock) {
        ProductLaw law = law();
        if (!(accuracy > 0 && accuracy < 1)) {
            throw new IllegalArgumentException("--accuracy must be above 0 and below 1, got " + accuracy);
        }
        if (!(scoreError >= 0 && scoreError < 1e6)) {
            throw new IllegalArgumentException(
                    "--score-error must be a length, not negative and below 10^6, got " + scoreError);
        }
        int most = data.startsWith("mixture") ? MOST_STEPS_OF_MIXTURE : MOST_STEPS;
        if (steps < 1 || steps > most) {
            throw new IllegalArgumentException("--steps must be 1 to " + most + " for this law, got " + steps);
        }
        if (!(stop >= 0 && stop < clock)) {
            throw new IllegalArgumentException("--stop must be from 0 to below " + clock + ", got " + stop);
        }
        if (stop == 0 && law.coordinate().covariance()[0][0] == 0) {
            throw new IllegalArgumentException("--stop must be above 0 for data without a density, as 0.01");
        }
        return law;
    }

    private Facts facts(ProductLaw law, VariancePreserving process, TimeGrid times, double clock) {
        double end = times.times()[times.steps()];
        double lipschitz = law.lipschitz(process, end);
        double m2 = StrictMath.sqrt(law.secondMoment());
        boolean density = law.coordinate().components() > 1 || law.coordinate().covariance()[0][0] > 0;
        double kl = density ? law.klToNormal() : Double.POSITIVE_INFINITY;
        ConvergenceBudget.Terms terms = sde == null && times.steps() == steps && grid.equals("uniform")
                ? ConvergenceBudget.terms(lipschitz, dimension, m2, kl, horizon, (horizon - stop) / steps, scoreError)
                : new ConvergenceBudget.Terms(Double.NaN, Double.NaN, Double.NaN);
        return new Facts(
                law,
                process,
                lipschitz,
                m2,
                kl,
                terms,
                Double.isFinite(law.diameter())
                        ? ManifoldBound.of(law.diameter(), process, times, clock, scoreError)
                        : null,
                GirsanovBound.of(law, process, times, scoreError),
                Gap.of(law, new ExponentialIntegrator(), process, times, scoreError / StrictMath.sqrt(dimension)),
                m2 > 0
                        ? ConvergenceBudget.ddpm(lipschitz, dimension, m2, accuracy)
                        : ConvergenceBudget.ddpm(lipschitz, dimension, Double.MIN_NORMAL, accuracy));
    }

    private ProductLaw law() {
        String name = data.contains(":") ? data.substring(0, data.indexOf(':')) : data;
        if (!LAWS.contains(name)) {
            throw Spelling.unknown("law", name, LAWS, ", as gaussian:1,0.25");
        }
        Matcher numbers = LAW.matcher(data);
        if (!numbers.matches()) {
            throw new IllegalArgumentException(
                    "--data " + data + ": write " + name + ":MEAN,VARIANCE, as " + name + ":1,0.25");
        }
        double mean = number(numbers.group(1));
        double variance = number(numbers.group(2));
        if (!(StrictMath.abs(mean) < 1e6)) {
            throw new IllegalArgumentException("--data " + data + ": the mean must be below 10^6 in size");
        }
        if (dimension < 1 || dimension > 1_000_000) {
            throw new IllegalArgumentException("--dim must be 1 to 1000000, got " + dimension);
        }
        return name.equals("gaussian")
                ? ProductLaw.gaussian(mean, variance, dimension)
                : ProductLaw.mixture(mean, variance, dimension);
    }

    private double number(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("--data " + data + ": '" + text + "' is not a number", e);
        }
    }

    private StepSchedule schedule() {
        return Arrays.stream(StepSchedule.values())
                .filter(known -> known.name().toLowerCase(Locale.ROOT).equals(grid))
                .findFirst()
                .orElseThrow(() -> Spelling.unknown(
                        "grid",
                        grid,
                        Arrays.stream(StepSchedule.values())
                                .map(known -> known.name().toLowerCase(Locale.ROOT))
                                .toList()));
    }

    /** All that is printed. */
    private record Facts(
            ProductLaw law,
            Sde process,
            double lipschitz,
            double m2,
            double kl,
            ConvergenceBudget.Terms terms,
            @Nullable ManifoldBound manifold,
            GirsanovBound girsanov,
            Gap gap,
            ConvergenceBudget budget) {
        String text(TheoryCommand asked) {
            return Printed.lines(out -> {
                out.printf(
                        Locale.ROOT,
                        "data      %s in %d coordinate%s: L = %.4g, m2 = %.4g, KL(data | N(0, I)) = %.4g%n",
                        asked.data,
                        asked.dimension,
                        asked.dimension == 1 ? "" : "s",
                        lipschitz,
                        m2,
                        kl);
                out.printf(
                        Locale.ROOT,
                        "sampler   exponential integrator, %s, %d %s steps to t = %s, score off by %s%n",
                        asked.sde == null ? "dX = -X dt + sqrt(2) dW over T = " + asked.horizon : process.spec(),
                        asked.steps,
                        asked.grid,
                        asked.stop,
                        asked.scoreError);
                out.printf("%n%-38s %-11s %-11s %-11s %s%n", "promised", "start", "steps", "score", "sum");
                if (Double.isNaN(terms.sum())) {
                    out.println("Chen et al. 2023: for equal steps of --horizon alone");
                } else {
                    row(
                            out,
                            "Chen et al. 2023, TV, up to a constant",
                            terms.start(),
                            terms.steps(),
                            terms.score(),
                            terms.sum());
                }
                row(
                        out,
                        "Girsanov, KL, no constant",
                        girsanov.start(),
                        girsanov.steps(),
                        girsanov.score(),
                        girsanov.kl());
                out.printf(Locale.ROOT, "%-38s %-35s %.4e%n", "  hence TV at most", "", girsanov.totalVariation());
                if (manifold != null) {
                    row(
                            out,
                            "De Bortoli 2022, W1, up to a constant",
                            manifold.start(),
                            manifold.steps(),
                            manifold.score(),
                            manifold.sum());
                    out.printf(
                            Locale.ROOT,
                            "%-38s %-35s %.4e%n",
                            "  of it, what stopping at t costs",
                            "",
                            manifold.stop());
                }
                out.printf("%n%s%n", "measured, without samples");
                out.printf(Locale.ROOT, "%-38s %-35s %.4e%n", "KL(p_t | output)", "", gap.kl());
                String most = gap.leastTv() == gap.mostTv() ? "" : String.format(Locale.ROOT, " to %.4e", gap.mostTv());
                out.printf(Locale.ROOT, "%-38s %-35s %.4e%s%n", "TV from p_t", "", gap.leastTv(), most);
                out.printf(Locale.ROOT, "%-38s %-35s %.4e%n", "W2 from p_t", "", gap.w2());
                out.printf(Locale.ROOT, "%-38s %-35s %.4e%n", "W2 from the data", "", gap.w2ToData());
                out.printf(
                        Locale.ROOT,
                        "%nfor an accuracy of %s, up to constants: T = %.3g, h = %.3g, %s steps, score within %.3g%n",
                        asked.accuracy,
                        budget.horizon(),
                        budget.step(),
                        budget.steps() == Long.MAX_VALUE
                                ? "2^63 or more"
                                : String.format(Locale.ROOT, "%,d", budget.steps()),
                        budget.scoreError());
            });
        }

        private static void row(
                java.io.PrintWriter out, String name, double start, double steps, double score, double sum) {
            out.printf(Locale.ROOT, "%-38s %-11.4e %-11.4e %-11.4e %.4e%n", name, start, steps, score, sum);
        }

        void fields(Json json) {
            json.field("lipschitz", lipschitz).field("m2", m2);
            if (Double.isFinite(kl)) {
                json.field("klToNormal", kl);
            }
            if (!Double.isNaN(terms.sum())) {
                json.object("chen")
                        .field("start", terms.start())
                        .field("steps", terms.steps())
                        .field("score", terms.score())
                        .field("sum", terms.sum())
                        .end();
            }
            if (manifold != null) {
                json.object("deBortoli")
                        .field("kappa", manifold.kappa())
                        .field("delta", manifold.delta())
                        .field("stop", manifold.stop());
                if (Double.isFinite(manifold.sum())) {
                    json.field("start", manifold.start())
                            .field("steps", manifold.steps())
                            .field("score", manifold.score())
                            .field("sum", manifold.sum());
                }
                json.end();
            }
            json.object("girsanov")
                    .field("start", girsanov.start())
                    .field("steps", girsanov.steps())
                    .field("score", girsanov.score())
                    .field("kl", girsanov.kl())
                    .field("totalVariation", girsanov.totalVariation())
                    .end();
            json.object("measured")
                    .field("kl", gap.kl())
                    .field("leastTotalVariation", gap.leastTv())
                    .field("mostTotalVariation", gap.mostTv())
                    .field("w2", gap.w2())
                    .field("w2ToData", gap.w2ToData())
                    .end();
            json.object("budget")
                    .field("horizon", budget.horizon())
                    .field("step", budget.step())
                    .field("steps", budget.steps())
                    .field("scoreError", budget.scoreError())
                    .end();
        }
    }
}
