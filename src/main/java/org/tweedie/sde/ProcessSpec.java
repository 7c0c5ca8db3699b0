package org.tweedie.sde;

import java.util.List;
import org.tweedie.plan.Space;

/**
 * Processes as users write them: {@code vp:0.1,20}, {@code vp-cosine}, {@code subvp:0.1,20}, {@code ve:0.01,50}, {@code ve-exact:0.01,50},
 * {@code vdm:-13.3,5}, {@code cld:4,4,0.04}, {@code cld-mixed:4,4,0.04}, {@code vp-logsnr:10,-10,1} (log-SNR from 10 along a line to -10 at time 1). The
 * numbers may be left out; one more number is the cutoff: {@code vp:0.1,20,1e-5}. A learned {@code vdm} has others: the two ends of its
 * schedule, then three numbers for each sigmoid of {@link MonotoneSchedule}. So has {@code flexible}, of which {@code flexible-drift} and
 * {@code flexible-noise} learn a part: {@code flexible:0.1,20,0.001;RATES;OMEGA}, the numbers of {@link FlexibleSde}. Stateless.
 */
public final class ProcessSpec {
    private static final List<String> NAMES = List.of(
            "vp",
            "vp-cosine",
            "subvp",
            "ve",
            "ve-exact",
            "vdm",
            "cld",
            "cld-mixed",
            "vp-logsnr",
            "flexible",
            "flexible-drift",
            "flexible-noise");

    private ProcessSpec() {}

    /**
     * Reads the spec of a process of rows alone, whose coefficients are numbers.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    public static Sde parse(String spec) {
        Noising process = process(spec);
        if (process instanceof Sde sde) {
            return sde;
        }
        throw new IllegalArgumentException("'" + spec.strip() + "' "
                + (process instanceof FlexibleSde
                        ? "has matrices for coefficients"
                        : "carries a velocity beside each row")
                + "; here a process of rows alone is wanted: vp, vp-cosine, subvp, ve or ve-exact");
    }

    /**
     * Reads a spec.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    public static Noising process(String spec) {
        String text = spec.strip();
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        if (!NAMES.contains(name)) {
            throw Spelling.unknown("process", name, NAMES);
        }
        boolean pairs = name.startsWith("cld");
        boolean matrices = name.startsWith("flexible");
        int usual = name.equals("vp-cosine") ? 0 : pairs || name.equals("vp-logsnr") ? 3 : 2;
        if (colon == text.length() - 1) {
            throw new IllegalArgumentException("'" + text + "' ends with a colon; say " + usage(name, usual));
        }
        if (matrices) {
            return FlexibleSde.parse(text);
        }
        double[] numbers = Spelling.list(colon < 0 ? "" : text.substring(colon + 1)).stream()
                .mapToDouble(number -> Spelling.number(number, text))
                .toArray();
        if (name.equals("vdm")) {
            return learned(text, numbers);
        }
        if (numbers.length != 0 && numbers.length != usual && numbers.length != usual + 1) {
            throw new IllegalArgumentException(
                    "'" + text + "' has " + numbers.length + " numbers; say " + usage(name, usual));
        }
        boolean exploding = name.startsWith("ve");
        if (pairs) {
            boolean said = numbers.length > 0;
            return new CldSde(
                    said ? numbers[0] : 4,
                    said ? numbers[1] : 4,
                    said ? numbers[2] : 0.04,
                    name.equals("cld-mixed"),
                    numbers.length == 4 ? numbers[3] : CldSde.CUTOFF,
                    Space.euclidean(1));
        }
        double first = numbers.length > 1 ? numbers[0] : exploding ? 0.01 : 0.1;
        double last = numbers.length > 1 ? numbers[1] : exploding ? 50 : 20;
        double cutoff = numbers.length == usual + 1 ? numbers[usual] : exploding ? VeSde.CUTOFF : VpSde.CUTOFF;
        Space line = Space.euclidean(1);
        return switch (name) {
            case "vp" -> new VpSde(first, last, cutoff, line);
            case "vp-cosine" -> new CosineVpSde(cutoff, line);
            case "vp-logsnr" ->
                numbers.length == 0 ? new LogSnrVpSde(1) : new LogSnrVpSde(first, last, numbers[2], cutoff, line);
            case "subvp" -> new SubVpSde(first, last, cutoff, line);
            default -> new VeSde(first, last, name.equals("ve-exact"), cutoff, line);
        };
    }

    private static VdmSde learned(String text, double[] numbers) {
        if (numbers.length == 0) {
            return new VdmSde();
        } else if (numbers.length == 2) {
            return new VdmSde(numbers[0], numbers[1]);
        } else if (numbers.length % 3 != 2) {
            throw new IllegalArgumentException("'" + text + "' has " + numbers.length
                    + " numbers; say vdm, vdm:A,B with the ends of -log-SNR, or all that a learned schedule prints");
        }
        return new VdmSde(new MonotoneSchedule(numbers), Space.euclidean(1));
    }

    private static String usage(String name, int usual) {
        String three = name.startsWith("cld") ? ":BETA,INVERSE-MASS,INITIAL" : ":MOST,LEAST,END";
        String all = usual == 3 ? three : ":A,B";
        return usual == 0
                ? name + " or " + name + ":CUTOFF"
                : name + ", " + name + all + " or " + name + all + ",CUTOFF";
    }

    static String print(String name, double cutoff, double usualCutoff, double... numbers) {
        StringBuilder spec = new StringBuilder(name);
        char separator = ':';
        for (double number : numbers) {
            spec.append(separator).append(Spelling.number(number));
            separator = ',';
        }
        return cutoff == usualCutoff
                ? spec.toString()
                : spec.append(separator).append(Spelling.number(cutoff)).toString();
    }
}
