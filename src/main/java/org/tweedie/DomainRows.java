package org.tweedie;

import java.util.Arrays;
import java.util.Map;
import org.tweedie.bridge.domain.BridgeDomain;
import org.tweedie.bridge.domain.DomainBridge;
import org.tweedie.bridge.domain.DomainFitting;
import org.tweedie.bridge.domain.DomainPart;
import org.tweedie.bridge.domain.DomainSpec;
import org.tweedie.device.Device;
import org.tweedie.sde.Spelling;
import org.tweedie.train.Dataset;
import org.tweedie.train.Normaliser;

/**
 * Rows of data as the bridges of a {@link BridgeModel} end at them.
 *
 * @param bridge in the units of the encoded rows, with the weights of points
 * @param encoding from rows to those units
 */
record DomainRows(DomainBridge bridge, Normaliser encoding, Dataset encoded) {
    /** @throws IllegalArgumentException as {@link #requireInside} */
    static DomainRows of(Dataset data, BridgeDomain domain, DomainSpec spec) {
        requireInside(data, domain);
        Normaliser encoding = encoding(data, domain, spec);
        Dataset encoded = data.encoded(Map.of(Dataset.X, encoding));
        BridgeDomain mapped = domain.mapped(encoding.means(), encoding.scales());
        DomainBridge bridge =
                new DomainBridge(spec.base(), spec.shared() ? mapped.sharing(spec.base(), encoded.values()) : mapped);
        return new DomainRows(bridge, encoding, encoded);
    }

    DomainFitting fitting(DomainSpec spec, Device device) {
        return new DomainFitting(bridge, encoded, spec, device);
    }

    /** @throws IllegalArgumentException if the domain has another width than the rows, or a row is outside it, which is named; or the rows have conditions */
    static void requireInside(Dataset data, BridgeDomain domain) {
        if (data.ports().size() != 1) {
            throw new IllegalArgumentException(
                    "a bridge into a domain has rows without conditions, got " + data.ports());
        }
        int width = data.width();
        if (width != domain.width()) {
            throw new IllegalArgumentException("the domain is " + domain.width() + " wide, the rows " + width + ": "
                    + data.columns() + "; give each column its factor");
        }
        double[] row = new double[width];
        for (int r = 0; r < data.rows(); r++) {
            for (int d = 0; d < width; d++) {
                row[d] = data.values()[r * width + d];
            }
            double[] nearest = domain.nearest(row);
            for (int d = 0; d < width; d++) {
                if ((float) nearest[d] != data.values()[r * width + d]) {
                    throw new IllegalArgumentException("row " + (r + 1) + ", column '"
                            + data.columns().get(d) + "' is " + Spelling.number(data.values()[r * width + d])
                            + ", outside the domain, whose nearest point has "
                            + Spelling.number((float) nearest[d]) + "; leave such rows out or widen the domain");
                }
            }
        }
    }

    private static Normaliser encoding(Dataset data, BridgeDomain domain, DomainSpec spec) {
        int width = data.width();
        double[] means = new double[width];
        double[] scales = new double[width];
        Arrays.fill(scales, 1);
        if (spec.standardise()) {
            Normaliser fitted = Normaliser.fit(data, Dataset.X).normaliser();
            int at = 0;
            for (DomainPart part : domain.parts()) {
                for (int d = at; part.scales() && d < at + part.width(); d++) {
                    means[d] = fitted.means()[d];
                    scales[d] = fitted.scales()[d];
                }
                at += part.width();
            }
        }
        return new Normaliser(means, scales);
    }
}
