package org.tweedie.kernels.host;

/** Looks for the vector implementation by name, so that nothing here needs its module. */
final class SimdChoice {
    static final Simd BEST = choose();

    private SimdChoice() {}

    private static Simd choose() {
        if ("plain".equals(System.getProperty("tweedie.simd"))) {
            return new PlainSimd();
        }
        try {
            return Class.forName("org.tweedie.kernels.host.vector.VectorSimd")
                    .asSubclass(Simd.class)
                    .getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException | LinkageError e) {
            return new PlainSimd(); // module jdk.incubator.vector is not there, or this CPU has no vectors worth it
        }
    }
}
