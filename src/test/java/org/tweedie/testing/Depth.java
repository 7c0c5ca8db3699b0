package org.tweedie.testing;

/**
 * How far a suite goes: {@code mvn verify} goes a little way, {@code CI=true mvn verify} as far as every change must, and {@code mvn
 * verify -Plong -Dsuite=NAME} as far as a release must.
 */
public enum Depth {
    PLAIN,
    CI,
    LONG;

    /** Of this JVM: LONG under {@code -Dtweedie.long=true}, CI with {@code CI=true} in the environment. */
    public static Depth now() {
        if (Boolean.getBoolean("tweedie.long")) {
            return LONG;
        }
        return Boolean.parseBoolean(System.getenv("CI")) ? CI : PLAIN;
    }

    /** The figure of this JVM's depth. */
    public static long of(long plain, long ci, long release) {
        return switch (now()) {
            case PLAIN -> plain;
            case CI -> ci;
            case LONG -> release;
        };
    }
}
