package org.tweedie.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of files, bytes and tables, as 64 lower-case hexadecimal digits. Stateless. */
public final class Sha256 {
    private Sha256() {}

    /** Of a file's bytes. */
    public static String of(Path file) throws IOException {
        MessageDigest digest = digest();
        byte[] chunk = new byte[1 << 16];
        try (Source source = Source.open(file)) {
            for (long at = 0; at < source.length(); ) {
                int count = (int) Math.min(chunk.length, source.length() - at);
                source.read(at, chunk, 0, count);
                digest.update(chunk, 0, count);
                at += count;
            }
        }
        return hex(digest.digest());
    }

    /** Of bytes. */
    public static String of(byte[] bytes) {
        return hex(digest().digest(bytes));
    }

    /** Of text in UTF-8. */
    public static String of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Of a table: its shape, names and numbers, whatever file they came from. */
    public static String of(Table table) {
        MessageDigest digest = digest();
        String head = table.rows() + " " + table.columns() + " " + Json.array(table.names()) + "\n";
        digest.update(head.getBytes(StandardCharsets.UTF_8));
        for (int done = 0; done < table.data().length; done += Floats.CHUNK) {
            digest.update(Floats.little(table.data(), done, Math.min(Floats.CHUNK, table.data().length - done)));
        }
        return hex(digest.digest());
    }

    static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    static String hex(byte[] digest) {
        return HexFormat.of().formatHex(digest);
    }
}
