package org.tweedie.fuzz;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.tweedie.io.MalformedFileException;
import org.tweedie.io.ReadLimits;
import org.tweedie.io.Safetensors;
import org.tweedie.io.SafetensorsHeader;
import org.tweedie.io.Tensor;

/** Checksums made right again after a mutation, which itself could not: so the checks behind them are reached. */
final class Mending {
    private static final int HEAD = 24;
    private static final int HASH = 32;
    private static final int MOST = 1 << 16;
    private static final String SEAL = "tweedie.sha256";

    private Mending() {}

    /** A checkpoint with its own length and hashes of what its table says; the same array where there is no table. */
    static byte[] checkpoint(byte[] input) {
        if (input.length < HEAD + HASH) {
            return input;
        }
        byte[] copy = input.clone();
        ByteBuffer bytes = ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(16, copy.length);
        int count = Math.min(Math.max(0, bytes.getInt(12)), 1000);
        int end = copy.length - HASH;
        int at = HEAD;
        int[] hashes = new int[count];
        long[] lengths = new long[count];
        for (int i = 0; i < count; i++) {
            int name = at + 2 <= end ? bytes.getShort(at) & 0xffff : MOST;
            if (at + 2 + name + 8 + HASH > end) {
                count = i;
                break;
            }
            lengths[i] = bytes.getLong(at + 2 + name);
            hashes[i] = at + 2 + name + 8;
            at = hashes[i] + HASH;
        }
        for (int i = 0; i < count && lengths[i] >= 0 && lengths[i] <= end - at; i++) {
            System.arraycopy(sha256(copy, at, (int) lengths[i]), 0, copy, hashes[i], HASH);
            at += (int) lengths[i];
        }
        System.arraycopy(sha256(copy, 0, end), 0, copy, end, HASH);
        return copy;
    }

    private static byte[] sha256(byte[] bytes, int from, int length) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes, from, length);
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** A file whose own hash is that of what it holds; the same array where it is no safetensors file with one. */
    static byte[] sealed(byte[] input) {
        try (Safetensors file = Safetensors.of("file", input, ReadLimits.defaults())) {
            Map<String, String> metadata = new HashMap<>(file.metadata());
            if (metadata.remove(SEAL) == null) {
                return input;
            }
            List<Tensor> tensors = new ArrayList<>();
            for (SafetensorsHeader.Entry entry : file.tensors()) {
                tensors.add(new Tensor(
                        entry.name(), entry.dtype(), entry.shape(), ByteBuffer.wrap(file.bytes(entry.name()))));
            }
            metadata.put(SEAL, Safetensors.hash(metadata, tensors));
            return Safetensors.encode(metadata, tensors);
        } catch (MalformedFileException | IOException e) {
            return input;
        }
    }

    /** An archive whose checksums are those of what its entries unpack to; the same array where it has no directory. */
    static byte[] npz(byte[] input) {
        int end = input.length - 22;
        ByteBuffer bytes = ByteBuffer.wrap(input.clone()).order(ByteOrder.LITTLE_ENDIAN);
        if (end < 0 || bytes.getInt(end) != 0x06054b50) {
            return input;
        }
        long at = bytes.getInt(end + 16) & 0xffffffffL;
        boolean any = false;
        for (int i = 0; i < 100 && at + 46 <= end && bytes.getInt((int) at) == 0x02014b50; i++) {
            int central = (int) at;
            any |= entry(bytes, central);
            at += 46L
                    + (bytes.getShort(central + 28) & 0xffff)
                    + (bytes.getShort(central + 30) & 0xffff)
                    + (bytes.getShort(central + 32) & 0xffff);
        }
        return any ? bytes.array() : input;
    }

    private static boolean entry(ByteBuffer bytes, int central) {
        long local = bytes.getInt(central + 42) & 0xffffffffL;
        long packed = bytes.getInt(central + 20) & 0xffffffffL;
        if (local + 30 > bytes.capacity()) {
            return false;
        }
        long data =
                local + 30 + (bytes.getShort((int) local + 26) & 0xffff) + (bytes.getShort((int) local + 28) & 0xffff);
        if (data + packed > bytes.capacity()) {
            return false;
        }
        CRC32 crc = new CRC32();
        if (bytes.getShort(central + 10) == 8) {
            Inflater inflater = new Inflater(true);
            try {
                inflater.setInput(bytes.array(), (int) data, (int) packed);
                byte[] some = new byte[MOST];
                int got = inflater.inflate(some);
                crc.update(some, 0, got);
                bytes.putInt(central + 24, got);
                bytes.putInt((int) local + 22, got);
            } catch (DataFormatException e) {
                return false;
            } finally {
                inflater.end();
            }
        } else {
            crc.update(bytes.array(), (int) data, (int) packed);
            bytes.putInt(central + 24, (int) packed);
            bytes.putInt((int) local + 22, (int) packed);
            bytes.putInt((int) local + 18, (int) packed);
        }
        bytes.putInt(central + 16, (int) crc.getValue());
        bytes.putInt((int) local + 14, (int) crc.getValue());
        return true;
    }
}
