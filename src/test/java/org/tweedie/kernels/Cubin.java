package org.tweedie.kernels;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The machine code of a cubin, as far as its opcodes: an ELF file with a section {@code .text.NAME} for each kernel, in which every
 * instruction takes 16 bytes since sm_70. The nine lowest bits are the operation, three more tell where its operands come from.
 * {@code CubinTest} holds the numbers to kernels whose instructions are known.
 */
final class Cubin {
    private static final int INSTRUCTION = 16;

    /** Operations that cost, or that no kernel may have. */
    enum Opcode {
        /** Matrix product of a warp on the tensor cores. */
        HMMA(0x03c),
        /** Fused multiply-add of floats. */
        FFMA(0x023),
        /** Special functions: 1/x, 1/sqrt x, exponential, sine, tanh. */
        MUFU(0x108),
        /** Sum and product of doubles. */
        DADD(0x029),
        DMUL(0x028),
        DFMA(0x02b),
        /** Global memory. */
        LDG(0x181),
        STG(0x186),
        /** Shared memory. */
        LDS(0x184),
        STS(0x188),
        /** Local memory: spilled registers and arrays indexed by what is not known. */
        LDL(0x183),
        STL(0x187),
        /** Barrier of a block. */
        BAR(0x11d),
        /** Exchange inside a warp. */
        SHFL(0x189),
        /** Atomic operations on memory, with a result and without, by two names each. */
        ATOM(0x18a),
        ATOMG(0x1a8),
        ATOMS(0x18c),
        RED(0x18e),
        REDG(0x1a6),
        EXIT(0x14d);

        private final int code;

        Opcode(int code) {
            this.code = code;
        }
    }

    /** How many of each, and of all, a kernel has. */
    record Counts(Map<Opcode, Integer> of, int all) {
        int of(Opcode opcode) {
            return of.getOrDefault(opcode, 0);
        }
    }

    private Cubin() {}

    /** Counts by kernel. */
    static Map<String, Counts> read(Path file) throws IOException {
        ByteBuffer elf = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        if (elf.getInt(0) != 0x464c457f || elf.get(4) != 2) {
            throw new IOException(file + " is not a 64-bit ELF file");
        }
        int sections = (int) elf.getLong(0x28);
        int size = elf.getShort(0x3a);
        int names = (int) elf.getLong(sections + size * elf.getShort(0x3e) + 0x18);
        Map<String, Counts> kernels = new TreeMap<>();
        for (int s = 0; s < elf.getShort(0x3c); s++) {
            int header = sections + size * s;
            String name = text(elf, names + elf.getInt(header));
            if (name.startsWith(".text.")) {
                int from = (int) elf.getLong(header + 0x18);
                kernels.put(name.substring(6), counts(elf, from, (int) elf.getLong(header + 0x20)));
            }
        }
        return kernels;
    }

    private static Counts counts(ByteBuffer elf, int from, int bytes) {
        Map<Opcode, Integer> of = new EnumMap<>(Opcode.class);
        for (int at = from; at < from + bytes; at += INSTRUCTION) {
            int code = elf.getShort(at) & 0x1ff;
            for (Opcode opcode : Opcode.values()) {
                if (opcode.code == code) {
                    of.merge(opcode, 1, Integer::sum);
                }
            }
        }
        return new Counts(of, bytes / INSTRUCTION);
    }

    private static String text(ByteBuffer elf, int at) {
        int end = at;
        while (elf.get(end) != 0) {
            end++;
        }
        return new String(elf.array(), at, end - at, StandardCharsets.US_ASCII);
    }
}
