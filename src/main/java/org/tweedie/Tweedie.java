package org.tweedie;

/** Facts about this build. Stateless. */
public final class Tweedie {
    private Tweedie() {}

    /** The version in the jar's manifest, or {@code development} when run from classes. */
    public static String version() {
        String version = Tweedie.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
