package org.tweedie.score;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tweedie.kernels.Activation;
import org.tweedie.rng.Philox;
import org.tweedie.rng.Purpose;
import org.tweedie.sde.Prediction;

/**
 * A multilayer perceptron with time. With features f(t) of the time and the inputs side by side in h_0:
 *
 * <pre>
 *   h_{l+1} = act(b_l + f(t) T_l + h_l W_l)       l = 0 .. depth - 1;  residual: h_l is added for l at least 1
 *   out     = b + h_depth W
 * </pre>
 *
 * <p>Tensors {@code time.frequencies}, {@code time.l.weight}, {@code layer.l.weight}, {@code layer.l.bias},
 * {@code out.weight}, {@code out.bias}. The last layer starts at 0, the others uniform with variance 1 / inputs. Immutable.
 *
 * @param width of each hidden layer, 1 to 8192
 * @param depth number of hidden layers, 1 to 64
 * @param residual whether hidden layers after the first add their input
 */
public record Mlp(int width, int depth, Activation activation, boolean residual, TimeEmbedding time)
        implements Architecture {
    private static final Pattern SHAPE = Pattern.compile("([0-9]{1,6})x([0-9]{1,6})");

    public Mlp {
        if (width < 1 || width > 8192 || depth < 1 || depth > 64) {
            throw new IllegalArgumentException(
                    "an mlp is 1 to 8192 wide and 1 to 64 layers deep, got " + width + "x" + depth);
        }
    }

    /** SiLU layers with the standard time embedding: {@code mlp:128x3} is {@code of(128, 3)}. */
    public static Mlp of(int width, int depth) {
        return new Mlp(width, depth, Activation.SILU, false, TimeEmbedding.standard());
    }

    public Mlp with(Activation other) {
        return new Mlp(width, depth, other, residual, time);
    }

    public Mlp with(TimeEmbedding other) {
        return new Mlp(width, depth, activation, residual, other);
    }

    /** The same with residual hidden layers. */
    public Mlp residualBlocks() {
        return new Mlp(width, depth, activation, true, time);
    }

    /** Reads {@code mlp:WIDTHxDEPTH[,activation][,residual][,time embedding]}, options in any order. */
    public static Mlp parse(String spec) {
        String[] part = (spec.startsWith("mlp:") ? spec.substring(4) : spec).split(",", -1);
        Matcher shape = SHAPE.matcher(part[0]);
        if (!shape.matches()) {
            throw new IllegalArgumentException(
                    "a network is written mlp:WIDTHxDEPTH[,activation][,residual], as mlp:128x3; got '" + spec + "'");
        }
        Mlp mlp = of(Integer.parseInt(shape.group(1)), Integer.parseInt(shape.group(2)));
        for (int i = 1; i < part.length; i++) {
            mlp = mlp.option(part[i]);
        }
        return mlp;
    }

    private Mlp option(String option) {
        if (option.equals("residual")) {
            return residualBlocks();
        } else if (option.indexOf(':') > 0) {
            return with(TimeEmbedding.parse(option));
        }
        List<String> known = new ArrayList<>();
        for (Activation candidate : Activation.values()) {
            String name = candidate.name().toLowerCase(Locale.ROOT);
            if (name.equals(option)) {
                return with(candidate);
            }
            known.add(name);
        }
        throw new IllegalArgumentException("unknown network option '" + option + "'; known: residual, "
                + String.join(", ", known) + ", and time embeddings as fourier:16:0.25:8");
    }

    @Override
    public String spec() {
        return "mlp:" + width + "x" + depth
                + (activation == Activation.SILU ? "" : "," + activation.name().toLowerCase(Locale.ROOT))
                + (residual ? ",residual" : "") + (time.equals(TimeEmbedding.standard()) ? "" : "," + time.spec());
    }

    @Override
    public List<Parameters.Tensor> tensors(Signature signature) {
        return new MlpLayout(this, signature).tensors();
    }

    @Override
    public float[] initial(Signature signature, long seed) {
        MlpLayout layout = new MlpLayout(this, signature);
        long count = Parameters.count(layout.tensors());
        if (count > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    spec() + " has " + count + " weights, more than the 2^31 of one array; make it narrower");
        }
        float[] values = new float[(int) count];
        System.arraycopy(time.frequencies(seed), 0, values, 0, time.count());
        for (int l = 0; l < depth; l++) {
            int in = layout.in(l);
            uniform(
                    seed,
                    values,
                    layout.timeWeight(l),
                    2L * time.count() * width,
                    1 / StrictMath.sqrt(2.0 * time.count()));
            uniform(seed, values, layout.weight(l), (long) in * width, StrictMath.sqrt(3.0 / in));
        }
        uniform(seed, values, layout.bias(0), width, 0.5);
        return values;
    }

    /** Fills with numbers in (-most, most); the word of an element is that of its place. */
    private static void uniform(long seed, float[] values, long at, long count, double most) {
        for (long i = at; i < at + count; i++) {
            values[(int) i] =
                    (float) (most * (2 * Philox.words(seed, i, Purpose.INIT, 0).uniform(0) - 1));
        }
    }

    @Override
    public MlpNetwork network(Signature signature, Prediction prediction, Parameters parameters) {
        return new MlpNetwork(this, signature, prediction, parameters);
    }
}
