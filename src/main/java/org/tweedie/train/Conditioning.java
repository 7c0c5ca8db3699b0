package org.tweedie.train;

import java.util.Optional;
import org.tweedie.sde.ProcessSpec;
import org.tweedie.sde.Sde;
import org.tweedie.sde.Spelling;
import org.tweedie.sde.VdmSde;
import org.tweedie.sde.VeSde;

/**
 * What training does to conditions y before the network gets them. Immutable.
 *
 * <ul>
 *   <li>{@link #CLEAN}: nothing. The network learns grad ln p_t(x_t | y): the conditional denoising estimator (CDE), consistent.
 *   <li>dropped: with this probability all conditions of a row are 0 and {@link Dataset#GIVEN} says so, so that one network knows p(x | y) and
 *       p(x): classifier-free guidance (Ho, Salimans, arXiv 2207.12598).
 *   <li>noise: y is carried along by a process of its own to the row's time, y_t = alpha_y y + sigma_y z, and the network learns grad_x ln p(x_t |
 *       y_t), which sampling asks with y_t drawn afresh at each evaluation, or along one path, {@code Sampler.conditionPath}. The process of x itself gives the conditional diffusive estimator
 *       (CDiffE), a slower one the multi-speed estimator (CMDE; Batzolis et al., arXiv 2111.13606). Biased while sigma_y is above 0. With noise that
 *       shrinks to that process's while the network learns it is the variance-shrinking one (VS-CMDE).
 * </ul>
 *
 * @param dropped probability, 0 to below 1
 * @param noise what sampling carries conditions along with
 * @param shrinking how training comes to that noise; nothing where it has it from the first step
 */
public record Conditioning(double dropped, Optional<Sde> noise, Optional<ShrinkingNoise> shrinking) {
    /** Conditions as they are. */
    public static final Conditioning CLEAN = new Conditioning(0, Optional.empty());

    public Conditioning {
        if (!(dropped >= 0 && dropped < 1)) {
            throw new IllegalArgumentException("conditions are dropped with a probability from 0 to below 1, got "
                    + dropped + "; 0.1 to 0.2 are usual");
        }
        if (shrinking.isPresent() && !noise.equals(shrinking.map(ShrinkingNoise::to))) {
            throw new IllegalArgumentException("noise shrinks to that of the conditions, got " + shrinking.get()
                    + " for " + noise.map(Sde::spec).orElse("none"));
        }
    }

    public Conditioning(double dropped, Optional<Sde> noise) {
        this(dropped, noise, Optional.empty());
    }

    /** Carried along by noise that shrinks in training. */
    public static Conditioning shrinking(ShrinkingNoise noise) {
        return new Conditioning(0, Optional.of(noise.to()), Optional.of(noise));
    }

    /**
     * Reads the noise of conditions: a process, or {@code FROM..TO@STEPS} for a variance-exploding one whose largest level shrinks, as
     * {@code ve:0.01,50..ve:0.01,0.5@1000}.
     *
     * @throws IllegalArgumentException naming the part at fault
     */
    public static Conditioning parseNoise(String spec) {
        String text = spec.strip();
        int until = text.indexOf("..");
        if (until < 0) {
            return noised(ProcessSpec.parse(text));
        }
        int at = text.indexOf('@', until);
        if (at < 0) {
            throw new IllegalArgumentException(
                    "'" + text + "' says no steps; write FROM..TO@STEPS, as ve:0.01,50..ve:0.01,0.5@1000");
        }
        Sde from = ProcessSpec.parse(text.substring(0, until));
        Sde to = ProcessSpec.parse(text.substring(until + 2, at));
        if (!(from instanceof VeSde more) || !(to instanceof VeSde less)) {
            throw new IllegalArgumentException(
                    "noise that shrinks is variance-exploding, ve or ve-exact, got '" + text + "'");
        }
        return shrinking(new ShrinkingNoise(more, less, Spelling.whole(text.substring(at + 1), text)));
    }

    /** Dropped with this probability. */
    public static Conditioning dropped(double probability) {
        return new Conditioning(probability, Optional.empty());
    }

    /** Carried along by this process. */
    public static Conditioning noised(Sde process) {
        return new Conditioning(0, Optional.of(process));
    }

    boolean clean() {
        return dropped == 0 && noise.isEmpty();
    }

    /** Refuses a process of conditions that does not know the times of that of rows. */
    void require(Sde process) {
        noise.ifPresent(of -> {
            if (of.horizon() != process.horizon()) {
                throw new IllegalArgumentException(
                        "conditions and rows share their times, so the process of conditions ends at "
                                + process.horizon() + " too, got " + of.spec() + " to " + of.horizon());
            }
            if (process instanceof VdmSde) {
                throw new IllegalArgumentException(
                        "conditions that are noised need a process of rows whose times keep their"
                                + " noise, and vdm learns its schedule; take vp, or clean conditions");
            }
        });
    }

    /** {@code clean}, {@code dropped 0.1}, {@code noised ve:0.01,0.5}. */
    @Override
    public String toString() {
        String drop = dropped == 0 ? "" : "dropped " + Spelling.number(dropped);
        String noised = shrinking
                .map(shrinks -> "noised " + shrinks)
                .or(() -> noise.map(process -> "noised " + process.spec()))
                .orElse("");
        return clean() ? "clean" : (drop + " " + noised).strip();
    }
}
