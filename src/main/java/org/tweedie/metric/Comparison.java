package org.tweedie.metric;

import org.tweedie.device.Device;

/**
 * How far samples are from the data they imitate, beside how far two halves of the data are from each other. Immutable.
 *
 * @param energy squared energy distance from the samples to the held-out rows
 * @param energyOfHalves the same between two halves of the real rows
 * @param sliced sliced 2-Wasserstein distance from the samples to the held-out rows
 * @param slicedOfHalves the same between two halves of the real rows
 * @param samples moments of the samples
 * @param heldOut moments of the held-out rows
 */
public record Comparison(
        Estimate energy,
        Estimate energyOfHalves,
        Estimate sliced,
        Estimate slicedOfHalves,
        Moments samples,
        Moments heldOut) {
    /**
     * All in the same, standardised, columns.
     *
     * @param most rows of a sample for energy distances, at least 2
     * @param device where pairs are summed and rows sorted; the answer is the same on all
     */
    public static Comparison of(
            Points samples, Points heldOut, Points oneHalf, Points otherHalf, long seed, int most, Device device) {
        return new Comparison(
                EnergyDistance.estimate(samples, heldOut, most, device),
                EnergyDistance.estimate(oneHalf, otherHalf, most, device),
                SlicedWasserstein.estimate(samples, heldOut, seed, device),
                SlicedWasserstein.estimate(oneHalf, otherHalf, seed, device),
                Moments.of(samples),
                Moments.of(heldOut));
    }

    /** What the two energy distances say, for a person. */
    public String sentence() {
        if (energy.value() <= energyOfHalves.high()) {
            return "The samples are no further from the held-out rows than two halves of the real rows may be from each other by chance.";
        }
        return "The samples are further from the held-out rows than two halves of the real rows are from each other: halves differ by the"
                + " chance of the draw alone, samples also by what the network has not learned and by the steps of the sampler"
                + (heldOut.mean().length <= 3 ? "; edges, gaps and repeated rows are smoothed over." : ".");
    }
}
