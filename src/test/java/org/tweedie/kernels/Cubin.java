package org.tweedie.kernels;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The machine code of a cubin, as far as its opcodes and loops: an ELF file with a section {@code .text.NAME} for each kernel, in which every
 * instruction takes 16 bytes since sm_70. The nine lowest bits are the operation, three more tell where its operands come from. A branch
 * goes to the next instruction plus four times an offset: bits 34 and later, and since sm_90 bits 16 to 23 below those.
 * {@code CubinTest} holds the numbers to kernels whose instructions are known.
 */
final class Cubin {
    private static final int INSTRUCTION = 16;

    /** Operations that cost, or that no kernel may have. */
    enum Opcode {
        /** Matrix product of a warp on the tensor cores. */
        HMMA(0x03c),
        /** Matrix product of a warpgroup on the tensor cores. */
        HGMMA(0x1f0),
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
        /** Shared memory; an asynchronous copy to it. */
        LDS(0x184),
        STS(0x188),
        LDGSTS(0x1ae),
        /** A bulk copy to shared memory; arrivals and waits of barriers that count. */
        UBLKCP(0x1ba),
        SYNCS(0x1a7),
        /** Local memory: spilled registers and arrays indexed by what is not known. */
        LDL(0x183),
        STL(0x187),
        /** A branch to a place that the instruction holds. */
        BRA(0x147),
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

    /** How many of each, and of all, a kernel or a loop has. */
    record Counts(Map<Opcode, Integer> of, int all) {
        int of(Opcode opcode) {
            return of.getOrDefault(opcode, 0);
        }
    }

    /** Instructions from {@code from} to {@code to}, in bytes of the file. */
    private record Range(int from, int to) {
        boolean within(Range other) {
            return from >= other.from && to <= other.to && !equals(other);
        }
    }

    private Cubin() {}

    /** Counts by kernel. */
    static Map<String, Counts> read(Path file) throws IOException {
        Map<String, Counts> counts = new TreeMap<>();
        ByteBuffer elf = elf(file);
        kernels(elf).forEach((name, code) -> counts.put(name, counts(elf, code)));
        return counts;
    }

    /** Of a kernel, the counts of each loop that has no other inside: what one pass takes, if nothing is jumped over. */
    static List<Counts> innermostLoops(Path file, String kernel) throws IOException {
        ByteBuffer elf = elf(file);
        Range code = kernels(elf).get(kernel);
        if (code == null) {
            throw new IOException(file + " has no kernel " + kernel);
        }
        Set<Range> loops = new LinkedHashSet<>();
        for (int at = code.from; at < code.to; at += INSTRUCTION) {
            if (is(elf, at, Opcode.BRA)) {
                long far = elf.getLong(at) >>> 34 | (elf.getLong(at + 8) & 0x3ffff) << 30;
                far = far << 16 >> 16;
                long offset = 4 * (target(elf) < 90 ? far : far << 8 | elf.get(at + 2) & 0xff);
                if (offset < -INSTRUCTION) {
                    loops.add(new Range(at + INSTRUCTION + (int) offset, at + INSTRUCTION));
                }
            }
        }
        return loops.stream()
                .filter(loop -> loops.stream().noneMatch(other -> other.within(loop)))
                .map(loop -> counts(elf, loop))
                .toList();
    }

    private static ByteBuffer elf(Path file) throws IOException {
        ByteBuffer elf = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        if (elf.getInt(0) != 0x464c457f || elf.get(4) != 2) {
            throw new IOException(file + " is not a 64-bit ELF file");
        }
        return elf;
    }

    private static Map<String, Range> kernels(ByteBuffer elf) {
        int sections = (int) elf.getLong(0x28);
        int size = elf.getShort(0x3a);
        int names = (int) elf.getLong(sections + size * elf.getShort(0x3e) + 0x18);
        Map<String, Range> kernels = new TreeMap<>();
        for (int s = 0; s < elf.getShort(0x3c); s++) {
            int header = sections + size * s;
            String name = text(elf, names + elf.getInt(header));
            if (name.startsWith(".text.")) {
                int from = (int) elf.getLong(header + 0x18);
                kernels.put(name.substring(6), new Range(from, from + (int) elf.getLong(header + 0x20)));
            }
        }
        return kernels;
    }

    /** 80 of sm_80. */
    private static int target(ByteBuffer elf) {
        return elf.getInt(0x30) >> 8 & 0xff;
    }

    private static boolean is(ByteBuffer elf, int at, Opcode opcode) {
        return (elf.getShort(at) & 0x1ff) == opcode.code;
    }

    private static Counts counts(ByteBuffer elf, Range range) {
        Map<Opcode, Integer> of = new EnumMap<>(Opcode.class);
        for (int at = range.from; at < range.to; at += INSTRUCTION) {
            for (Opcode opcode : Opcode.values()) {
                if (is(elf, at, opcode)) {
                    of.merge(opcode, 1, Integer::sum);
                }
            }
        }
        return new Counts(of, (range.to - range.from) / INSTRUCTION);
    }

    private static String text(ByteBuffer elf, int at) {
        int end = at;
        while (elf.get(end) != 0) {
            end++;
        }
        return new String(elf.array(), at, end - at, StandardCharsets.US_ASCII);
    }
}
