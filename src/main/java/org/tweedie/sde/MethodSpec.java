package org.tweedie.sde;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.tweedie.plan.Plan;

/**
 * A method with its steps and grid, as users write it: {@code em@1000}, {@code ddim:0@50}, {@code heun@18}, {@code dpm2m@20},
 * {@code pc:0.16@500}; after the steps may stand the grid: {@code dpm2m@20,karras}. Immutable.
 *
 * @param steps of the grid; for {@code rk23}, {@code rk45} and {@code ggf} the most that a row may try, for {@code ald} its noise levels, for {@code ula} and {@code mala}, which stay at the cutoff, 1
 */
public record MethodSpec(Method method, int steps, GridShape shape) {
    private static final List<String> NAMES = List.of(
            "em",
            "rd",
            "ancestral",
            "ddim",
            "pf",
            "lambda",
            "heun",
            "edm",
            "dpm1s",
            "dpm2s",
            "dpm2m",
            "unipc",
            "unip",
            "rk23",
            "rk45",
            "ggf",
            "ei",
            "pc",
            "pc-own",
            "ald",
            "ula",
            "mala",
            "sscs");

    public MethodSpec {
        if (steps < 1) {
            throw new IllegalArgumentException("steps must be positive, got " + steps);
        }
    }

    public MethodSpec(Method method, int steps) {
        this(method, steps, method.shape());
    }

    /** The plan for a process. */
    public Plan plan(Noising process) {
        return process instanceof NonUniformSde blocks
                ? blocks.plan(method, grid(process))
                : method.plan(process, grid(process));
    }

    /** The times for a process. */
    public TimeGrid grid(Noising process) {
        if (process instanceof NonUniformSde blocks && blocks.blocks().size() > 1) {
            return blocks.grid(shape, steps);
        } else if (process instanceof NonUniformSde single) {
            return grid(single.blocks().get(0).sde());
        }
        // a method's own grid may go by noise levels: of a process without any it is uniform
        GridShape taken = process instanceof Sde || shape != method.shape() ? shape : GridShape.UNIFORM;
        if (!(method instanceof AnnealedLangevin || method instanceof Langevin)) {
            return taken.grid(process, steps);
        }
        return steps == 1 ? new TimeGrid(new double[] {process.cutoff()}) : taken.grid(process, steps - 1);
    }

    /**
     * Reads {@code method@steps} or {@code method@steps,grid}.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    public static MethodSpec parse(String spec) {
        String text = spec.strip();
        int at = text.indexOf('@');
        if (at < 0) {
            method(text); // a wrong name is said first
            throw new IllegalArgumentException("'" + text + "' says no steps; write " + text + "@100");
        }
        Method method = method(text.substring(0, at));
        String[] tail = text.substring(at + 1).split(",", -1);
        if (tail.length > 2) {
            throw new IllegalArgumentException("'" + text + "' has more than steps and a grid after the @");
        }
        int steps = Spelling.whole(tail[0], text);
        return new MethodSpec(method, steps, tail.length == 1 ? method.shape() : shape(tail[1]));
    }

    /** Reads a method without steps: {@code ddim:0}. */
    public static Method method(String spec) {
        String text = spec.strip();
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        List<String> numbers = Spelling.list(colon < 0 ? "" : text.substring(colon + 1));
        return switch (name) {
            case "em" -> plain(new EulerMaruyama(), numbers, text);
            case "rd" -> plain(new ReverseDiffusion(), numbers, text);
            case "ancestral" -> plain(new Ancestral(), numbers, text);
            case "pf" -> plain(new ProbabilityFlowEuler(), numbers, text);
            case "heun" -> plain(new Heun(), numbers, text);
            case "dpm1s" -> plain(new DpmSolver1S(), numbers, text);
            case "dpm2s" -> plain(new DpmSolver2S(), numbers, text);
            case "dpm2m" -> plain(new DpmSolver2M(), numbers, text);
            case "ei" -> plain(new ExponentialIntegrator(), numbers, text);
            case "sscs" -> {
                count(numbers, text, "sscs or sscs:midpoint", 0, 1);
                if (!numbers.isEmpty() && !numbers.get(0).strip().equals("midpoint")) {
                    throw Spelling.unknown("step of the score", numbers.get(0).strip(), List.of("midpoint"));
                }
                yield new Sscs(!numbers.isEmpty());
            }
            case "ddim" -> {
                count(numbers, text, "ddim or ddim:ETA", 0, 1);
                yield new Ddim(number(numbers, 0, 0, text));
            }
            case "lambda" -> {
                count(numbers, text, "lambda:LAMBDA", 1);
                yield new MarginalFamily(number(numbers, 0, 0, text));
            }
            case "unipc", "unip" -> {
                count(numbers, text, name + ":ORDER or " + name + ":ORDER,h", 0, 1, 2);
                yield new UniPc(
                        numbers.isEmpty() ? 2 : Spelling.whole(numbers.get(0), text),
                        numbers.size() < 2 ? UniPc.Base.EXPM1 : base(numbers.get(1)),
                        name.equals("unipc"));
            }
            case "rk23", "rk45" -> {
                count(numbers, text, name + ":TOLERANCE or " + name + ":RELATIVE,ABSOLUTE", 0, 1, 2);
                double relative = number(numbers, 0, 1e-3, text);
                yield new AdaptiveFlow(
                        name.equals("rk23") ? RungeKutta.BOGACKI_SHAMPINE : RungeKutta.DORMAND_PRINCE,
                        relative,
                        number(numbers, 1, relative, text));
            }
            case "ggf" -> {
                count(numbers, text, "ggf:TOLERANCE or ggf:RELATIVE,ABSOLUTE", 0, 1, 2);
                double relative = number(numbers, 0, 0.02, text);
                yield new GottaGoFast(relative, number(numbers, 1, relative, text));
            }
            case "edm" -> {
                count(numbers, text, "edm:CHURN, edm:CHURN,LEAST,MOST or edm:CHURN,LEAST,MOST,INFLATION", 1, 3, 4);
                yield new EdmChurn(
                        number(numbers, 0, 0, text),
                        number(numbers, 1, 0, text),
                        number(numbers, 2, Double.POSITIVE_INFINITY, text),
                        number(numbers, 3, 1, text));
            }
            case "pc", "pc-own" -> {
                String usage = "%s:RATIO, %s:RATIO,CORRECTIONS or %s:RATIO,CORRECTIONS,PREDICTOR";
                count(numbers, text, usage.replace("%s", name), 1, 2, 3);
                yield new PredictorCorrector(
                        number(numbers, 0, 0, text),
                        numbers.size() > 1 ? Spelling.whole(numbers.get(1), text) : 1,
                        numbers.size() > 2 ? predictor(numbers.get(2)) : new ReverseDiffusion(),
                        name.equals("pc-own"));
            }
            case "ula", "mala" -> {
                count(numbers, text, name + ":ITERATIONS,STEP", 2);
                yield new Langevin(
                        Spelling.whole(numbers.get(0), text), number(numbers, 1, 0, text), name.equals("mala"));
            }
            case "ald" -> {
                count(numbers, text, "ald, or ald:STEPS,SIZE", 0, 2);
                yield numbers.isEmpty()
                        ? new AnnealedLangevin()
                        : new AnnealedLangevin(Spelling.whole(numbers.get(0), text), number(numbers, 1, 0, text));
            }
            default -> throw Spelling.unknown("method", name, NAMES);
        };
    }

    /** Reads a grid: {@code uniform}, {@code logsnr}, {@code karras}. */
    public static GridShape shape(String word) {
        Optional<GridShape> known = Arrays.stream(GridShape.values())
                .filter(shape -> shape.spec().equals(word.strip()))
                .findFirst();
        return known.orElseThrow(() -> Spelling.unknown(
                "grid",
                word.strip(),
                Arrays.stream(GridShape.values()).map(GridShape::spec).toList()));
    }

    private static UniPc.Base base(String word) {
        return switch (word.strip()) {
            case "h" -> UniPc.Base.H;
            case "expm1" -> UniPc.Base.EXPM1;
            default -> throw Spelling.unknown("base B(h)", word.strip(), List.of("h", "expm1"));
        };
    }

    private static OneStep predictor(String spec) {
        if (method(spec) instanceof OneStep predictor) {
            return predictor;
        }
        throw new IllegalArgumentException(
                "'" + spec + "' cannot be a predictor: it evaluates the score more than once a step");
    }

    private static Method plain(Method method, List<String> numbers, String spec) {
        count(numbers, spec, method.spec(), 0);
        return method;
    }

    private static void count(List<String> numbers, String spec, String usage, int... allowed) {
        if (Arrays.stream(allowed).noneMatch(count -> count == numbers.size()) || spec.endsWith(":")) {
            throw new IllegalArgumentException("'" + spec + "' has " + numbers.size() + " numbers; say " + usage);
        }
    }

    private static double number(List<String> numbers, int i, double otherwise, String spec) {
        return i < numbers.size() ? Spelling.number(numbers.get(i), spec) : otherwise;
    }

    /** The spec; the grid is left out where it is the method's own. */
    public String spec() {
        return method.spec() + "@" + steps + (shape == method.shape() ? "" : "," + shape.spec());
    }

    @Override
    public String toString() {
        return spec();
    }
}
