package org.tweedie.train;

import java.util.Optional;
import org.tweedie.sde.Sde;
import org.tweedie.sde.Spelling;
import org.tweedie.sde.VdmSde;

/**
 * What training does to conditions y before the network gets them. Immutable.
 *
 * <ul>
 *   <li>{@link #CLEAN}: nothing. The network learns grad ln p_t(x_t | y): the conditional denoising estimator (CDE), consistent.
 *   <li>dropped: with this probability all conditions of a row are 0 and {@link Dataset#GIVEN} says so, so that one network knows p(x | y) and
 *       p(x): classifier-free guidance (Ho, Salimans, arXiv 2207.12598).
 *   <li>noise: y is carried along by a process of its own to the row's time, y_t = alpha_y y + sigma_y z, and the network learns grad_x ln p(x_t |
 *       y_t), which sampling asks with y_t drawn afresh at each evaluation. The process of x itself gives the conditional diffusive estimator
 *       (CDiffE), a slower one the multi-speed estimator (CMDE; Batzolis et al., arXiv 2111.13606). Biased while sigma_y is above 0. Training again
 *       and again with less noise is the variance-shrinking one (VS-CMDE), in stages.
 * </ul>
 *
 * @param dropped probability, 0 to below 1
 */
public record Conditioning(double dropped, Optional<Sde> noise) {
    /** Conditions as they are. */
    public static final Conditioning CLEAN = new Conditioning(0, Optional.empty());

    public Conditioning {
        if (!(dropped >= 0 && dropped < 1)) {
            throw new IllegalArgumentException("conditions are dropped with a probability from 0 to below 1, got "
                    + dropped + "; 0.1 to 0.2 are usual");
        }
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
        String noised = noise.map(process -> "noised " + process.spec()).orElse("");
        return clean() ? "clean" : (drop + " " + noised).strip();
    }
}
