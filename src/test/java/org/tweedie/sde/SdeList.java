package org.tweedie.sde;

import java.util.stream.Stream;
import org.tweedie.plan.Space;

/** Every process of the package; a new one joins here and inherits the contract. */
public final class SdeList {
    private SdeList() {}

    public static Stream<Sde> all() {
        return Stream.of(
                new VpSde(),
                new VpSde(0.1, 20, 1e-5, Space.euclidean(1)),
                new VpSde(2, 2),
                VpSde.cosine(),
                new SubVpSde(),
                new LogSnrVpSde(1),
                new VeSde(),
                new VeSde(0.002, 80),
                new VeSde(0.01, 50, true),
                new VdmSde(),
                ProcessSpec.parse("vdm:-11,6,-1,1.5,0.3,0.4,2.9,0.81"));
    }
}
