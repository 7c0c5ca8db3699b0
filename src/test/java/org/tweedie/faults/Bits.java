package org.tweedie.faults;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A digest of results, to the last bit. */
final class Bits {
    private final MessageDigest digest;

    Bits() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    void add(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length);
        bytes.asFloatBuffer().put(values);
        digest.update(bytes);
    }

    void add(byte[] bytes) {
        digest.update(bytes);
    }

    String text() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
