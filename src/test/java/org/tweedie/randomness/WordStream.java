package org.tweedie.randomness;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The words of an {@link Order}, little-endian and without an end, on standard output: for dieharder and its like. */
final class WordStream {
    private WordStream() {}

    public static void main(String[] arguments) throws IOException {
        Generator words = Order.valueOf(arguments[0]).words();
        int[] some = new int[1 << 16];
        ByteBuffer bytes = ByteBuffer.allocate(4 * some.length).order(ByteOrder.LITTLE_ENDIAN);
        try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
            for (long first = 0; ; first += some.length) {
                words.fill(first, some);
                bytes.asIntBuffer().put(some);
                out.write(bytes.array());
            }
        } catch (IOException e) {
            if (!String.valueOf(e.getMessage()).contains("Broken pipe")) {
                throw e;
            }
        }
    }
}
