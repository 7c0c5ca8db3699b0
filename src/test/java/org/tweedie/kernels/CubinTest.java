package org.tweedie.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tweedie.kernels.Cubin.Counts;
import org.tweedie.kernels.Cubin.Opcode;

/** The opcodes of the compiled kernels: the reader on kernels whose instructions are known, then what ours may have. */
@Tag("checkout")
class CubinTest {
    private static final Opcode[] ATOMIC = {Opcode.ATOM, Opcode.ATOMG, Opcode.ATOMS, Opcode.RED, Opcode.REDG};

    /** A kernel of instructions that the compiler may neither drop nor merge, and one that does nothing. */
    private static final String KNOWN = """
            extern "C" __global__ void known(float* p, double* q, unsigned* u) {
                __shared__ volatile float s[64];
                float x = p[threadIdx.x];
                unsigned w = u[threadIdx.x];
                double d = q[threadIdx.x];
                float c0 = 0, c1 = 0, c2 = 0, c3 = 0;
            #pragma unroll
                for (int i = 0; i < 5; ++i)
                    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%%0,%%1,%%2,%%3},{%%4,%%4,%%4,%%4},{%%4,%%4},{%%0,%%1,%%2,%%3};"
                                 : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3) : "r"(w));
                asm volatile("rcp.approx.ftz.f32 %%0, %%0;" : "+f"(x));
            #pragma unroll
                for (int i = 0; i < 3; ++i) asm volatile("ex2.approx.ftz.f32 %%0, %%0;" : "+f"(x));
            #pragma unroll
                for (int i = 0; i < 7; ++i) asm volatile("fma.rn.f32 %%0, %%0, %%1, %%2;" : "+f"(x) : "f"(c0), "f"(c1));
            #pragma unroll
                for (int i = 0; i < 2; ++i) asm volatile("fma.rn.f64 %%0, %%0, %%0, %%0;" : "+d"(d));
                asm volatile("add.rn.f64 %%0, %%0, %%0;" : "+d"(d));
            #pragma unroll
                for (int i = 0; i < 4; ++i) asm volatile("mul.rn.f64 %%0, %%0, %%0;" : "+d"(d));
                s[threadIdx.x] = x;
                s[threadIdx.x + 32] = c2;
                __syncthreads();
                float y = s[63 - threadIdx.x];
            #pragma unroll
                for (int i = 0; i < 6; ++i) asm volatile("shfl.sync.bfly.b32 %%0, %%0, 1, 31, -1;" : "+f"(y));
                asm volatile("red.global.add.f32 [%%0], %%1;" : : "l"(p + 64 + threadIdx.x), "f"(y) : "memory");
                asm volatile("atom.global.add.u32 %%0, [%%1], %%0;" : "+r"(w) : "l"(u + 64 + threadIdx.x) : "memory");
                asm volatile("atom.shared.add.u32 %%0, [%%1], %%0;" : "+r"(w) : "r"(unsigned(__cvta_generic_to_shared((void*)&s[threadIdx.x]))) : "memory");
                asm volatile("atom.add.u32 %%0, [%%1], %%0;" : "+r"(w) : "l"(u + 128 + threadIdx.x) : "memory");
                p[threadIdx.x] = y + c3;
                q[threadIdx.x] = d;
                u[threadIdx.x] = w;
            }
            extern "C" __global__ void local(float* p, int n) {
                float a[64];
                for (int i = 0; i < 64; ++i) a[i] = p[i];
                for (int i = 0; i < n; ++i) a[i & 63] += a[(i * 7 + n) & 63];
                p[n] = a[n & 63];
            }
            extern "C" __global__ void loops(float* p, int n) {
                float x = p[0];
            #pragma unroll 1
                for (int i = 0; i < n; ++i) {
            #pragma unroll 1
                    for (int j = 0; j < i; ++j) {
            #pragma unroll
                        for (int k = 0; k < 5; ++k) asm volatile("ex2.approx.ftz.f32 %%0, %%0;" : "+f"(x));
                    }
                    asm volatile("rcp.approx.ftz.f32 %%0, %%0;" : "+f"(x));
                }
            #pragma unroll 1
                for (int i = 0; i < n; ++i) {
            #pragma unroll
                    for (int k = 0; k < 1000; ++k) asm volatile("fma.rn.f32 %%0, %%0, %%0, %%0;" : "+f"(x));
                }
                p[0] = x;
            }
            extern "C" __global__ void nothing() {}
            """.replace("%%", "%");

    @TempDir
    private static Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"sm_80", "sm_90a"})
    void knownKernelsAreReadAsTheyWereWritten(String target) throws Exception {
        assumeTrue(Files.exists(cubin("sm_80")), "built without nvcc");
        Path source = Files.writeString(folder.resolve("known.cu"), KNOWN);
        Path image = folder.resolve(target + ".cubin");
        String compiler = System.getenv().getOrDefault("NVCC", "nvcc");
        Process nvcc = new ProcessBuilder(
                        compiler, "-std=c++17", "-cubin", "-arch=" + target, "-o", image.toString(), source.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(nvcc.getInputStream().readAllBytes());
        assertEquals(0, nvcc.waitFor(), said);
        Map<String, Counts> kernels = Cubin.read(image);
        assertEquals(Set.of("known", "local", "loops", "nothing"), kernels.keySet());
        Counts known = kernels.get("known");
        Map<Opcode, Integer> expected = Map.ofEntries(
                Map.entry(Opcode.HMMA, 5),
                Map.entry(Opcode.MUFU, 4),
                Map.entry(Opcode.FFMA, 7),
                Map.entry(Opcode.DFMA, 2),
                Map.entry(Opcode.DADD, 1),
                Map.entry(Opcode.DMUL, 4),
                Map.entry(Opcode.LDG, 3),
                Map.entry(Opcode.STG, 3),
                Map.entry(Opcode.STS, 2),
                Map.entry(Opcode.LDS, 1),
                Map.entry(Opcode.BAR, 1),
                Map.entry(Opcode.SHFL, 6),
                Map.entry(Opcode.EXIT, 1));
        expected.forEach((opcode, count) -> assertEquals(count, known.of(opcode), opcode + " on " + target));
        for (Opcode one : List.of(Opcode.ATOM, Opcode.ATOMG, Opcode.ATOMS)) {
            assertEquals(1, known.of(one), one + " on " + target);
        }
        assertEquals(1, known.of(Opcode.RED) + known.of(Opcode.REDG), "a sum without a result on " + target);
        assertEquals(0, known.of(Opcode.LDL) + known.of(Opcode.STL));
        Counts local = kernels.get("local");
        assertTrue(local.of(Opcode.LDL) > 0 && local.of(Opcode.STL) > 0, target + ": " + local);
        List<Counts> loops = Cubin.innermostLoops(image, "loops");
        assertEquals(
                List.of(5, 0), loops.stream().map(one -> one.of(Opcode.MUFU)).toList(), loops.toString());
        assertEquals(
                List.of(0, 1000), loops.stream().map(one -> one.of(Opcode.FFMA)).toList(), loops.toString());
        assertTrue(loops.get(1).all() < 1020, loops.toString());
        Counts nothing = kernels.get("nothing");
        assertEquals(Map.of(Opcode.EXIT, 1, Opcode.BRA, 1), nothing.of(), "and a branch to itself, where nobody comes");
        assertTrue(nothing.all() >= 1 && known.all() > 50);
    }

    @Test
    void whatIsNoCubinIsRefused() throws IOException {
        Path file = Files.write(folder.resolve("none.cubin"), new byte[64]);
        assertThrows(IOException.class, () -> Cubin.read(file));
    }

    /** The loop with so many of an operation, or more; no other in it. */
    private static Counts loop(Path file, String kernel, Opcode opcode, int least) throws IOException {
        List<Counts> found = Cubin.innermostLoops(file, kernel).stream()
                .filter(one -> one.of(opcode) >= least)
                .toList();
        assertEquals(1, found.size(), kernel + ": " + found);
        return found.get(0);
    }

    private static Path cubin(String target) {
        return Path.of("target/kernels/build", target + ".cubin");
    }

    private static Set<String> having(Map<String, Counts> kernels, Opcode... opcodes) {
        return kernels.entrySet().stream()
                .filter(one -> Stream.of(opcodes).anyMatch(o -> one.getValue().of(o) > 0))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /** No kernel touches local memory, or adds atomically but for whole numbers; doubles and tensor cores are where they are meant to be. */
    @ParameterizedTest
    @ValueSource(strings = {"sm_80", "sm_90a"})
    void kernelsHaveWhatTheyMayHave(String target) throws IOException {
        assumeTrue(Files.exists(cubin(target)), "built without nvcc");
        Map<String, Counts> kernels = Cubin.read(cubin(target));
        assertEquals(Set.copyOf(LaunchSet.kernels()), kernels.keySet());
        assertEquals(Set.of(), having(kernels, Opcode.LDL, Opcode.STL));
        Set<String> counters = Set.of("train_steps_bf16", "train_chain_bf16", "train_narrow_bf16", "sorted_draw_i32");
        assertEquals(counters, having(kernels, ATOMIC), "the barrier of a grid counts blocks, draws count rows");
        assertEquals(
                Set.of(
                        "reduce_partials_f32",
                        "reduce_finish_f32",
                        "pairs_sum_f32",
                        "pairs_sum_finish_f64",
                        "pairs_soft_f32",
                        "pairs_soft_finish_f32",
                        "sorted_project_f64",
                        "sorted_cost_f64",
                        "sorted_cost_finish_f64",
                        "adam_judge",
                        "train_steps_bf16",
                        "train_chain_bf16",
                        "train_narrow_bf16"),
                having(kernels, Opcode.DADD, Opcode.DMUL, Opcode.DFMA));
        boolean hopper = target.equals("sm_90a");
        Set<String> tiles = hopper ? Set.of("tiles_linear_f16", "tiles_linear_bf16", "tiles_linear_tf32") : Set.of();
        Set<String> groups = hopper
                ? Set.of(
                        "trajectory_mlp64_wgmma",
                        "trajectory_mlp128_wgmma",
                        "trajectory_mlp256_wgmma",
                        "trajectory_mlp512_wide",
                        "trajectory_mlp512_few",
                        "trajectory_mlp512_split")
                : Set.of();
        assertEquals(
                Stream.concat(tiles.stream(), groups.stream()).collect(Collectors.toSet()),
                having(kernels, Opcode.HGMMA));
        Set<String> counting = new HashSet<>(tiles);
        counting.addAll(
                hopper
                        ? Set.of("trajectory_mlp512_wide", "trajectory_mlp512_few", "trajectory_mlp512_split")
                        : Set.of());
        assertEquals(counting, having(kernels, Opcode.UBLKCP, Opcode.SYNCS));
        Set<String> warps = having(kernels, Opcode.HMMA);
        assertTrue(warps.removeAll(groups) || groups.isEmpty(), "their first and last layers are products of warps");
        assertEquals(
                Set.of(
                        "linear_f16",
                        "linear_bf16",
                        "linear_packed_f16",
                        "linear_packed_bf16",
                        "linear_weight_gradient_f16",
                        "linear_weight_gradient_bf16",
                        "train_mlp_rows_bf16",
                        "train_mlp_weights_bf16",
                        "train_steps_bf16",
                        "train_chain_bf16",
                        "train_narrow_bf16",
                        "trajectory_mlp64_f16",
                        "trajectory_mlp64_bf16",
                        "trajectory_mlp128_f16",
                        "trajectory_mlp128_bf16",
                        "trajectory_mlp64_rows16",
                        "trajectory_mlp128_rows16",
                        "trajectory_mlp256_rows16",
                        "trajectory_mlp64_f16x3",
                        "trajectory_mlp128_f16x3"),
                warps);
    }

    /**
     * Tensor instructions are those of the tiles: a warp of {@code linear_f16} has 32 rows and 64 columns, so 2 x 8 products of 16 x 8 for
     * each 16 inputs; a warp of the weight gradient has 32 x 32 of a tile, 2 x 4. Special functions of a quad of normals: a root for each
     * of its two pairs, beside those that {@code philox_words} has for dividing items.
     */
    @ParameterizedTest
    @ValueSource(strings = {"sm_80", "sm_90a"})
    void costlyInstructionsAreThoseOfTheDesign(String target) throws IOException {
        assumeTrue(Files.exists(cubin(target)), "built without nvcc");
        Map<String, Counts> kernels = Cubin.read(cubin(target));
        for (String type : List.of("f16", "bf16")) {
            assertEquals(16, kernels.get("linear_" + type).of(Opcode.HMMA));
            assertEquals(8, kernels.get("linear_weight_gradient_" + type).of(Opcode.HMMA));
        }
        kernels.forEach((name, counts) -> {
            if (name.startsWith("trajectory_mlp512")) {
                streamed(name, counts, target.equals("sm_90a"));
            } else if (name.endsWith("wgmma")) {
                warpgroup(name, counts, target.equals("sm_90a"));
            } else if (name.startsWith("trajectory_mlp")) {
                trajectory(name, counts);
            }
        });
        int divisions = kernels.get("philox_words").of(Opcode.MUFU);
        assertEquals(2, kernels.get("fill_normal_f32").of(Opcode.MUFU) - divisions, "a root a pair");
        assertEquals(2, kernels.get("perturb_f32").of(Opcode.MUFU) - divisions, "a root a pair");
        assertEquals(
                4,
                kernels.get("step_cell_f32").of(Opcode.MUFU) - divisions - 2,
                "in two forms, each with its divisions");
    }

    /**
     * A warp of the fused gradient has 32 rows: for each of 8 blocks of 16 columns 4 products a block of inputs of a hidden layer (8), and of
     * what is parked, in a loop each: inputs and features of the first layer, features of the others; 8 blocks of inputs of the outputs and
     * their one block back into 8; 8 into 8 of a hidden layer back. Special functions of 16 sums a block in two forms of a layer: one for
     * SiLU and tanh, two for sine and GELU, three for softplus. A warp of the weights has, in two steps of 16 rows, 4 blocks of 16 columns of
     * two products by its two blocks of inputs and by ones for the biases.
     */
    @ParameterizedTest
    @ValueSource(strings = {"sm_80", "sm_90a"})
    void theFusedGradientMultipliesWhatItsFormulasSay(String target) throws IOException {
        assumeTrue(Files.exists(cubin(target)), "built without nvcc");
        Map<String, Counts> kernels = Cubin.read(cubin(target));
        Counts rows = kernels.get("train_mlp_rows_bf16");
        assertEquals(4 * (8 * (1 + 1) + 8 * (8 + 1) + 8 + 8 + 8 * 8), rows.of(Opcode.HMMA));
        assertEquals(2 * 8 * 16 * (1 + 1 + 2 + 2 + 3), rows.of(Opcode.MUFU));
        assertEquals(2 * 4 * 2 * 3, kernels.get("train_mlp_weights_bf16").of(Opcode.HMMA));
    }

    /**
     * A warp of the steps has 32 x 32 of a tile, 2 x 4 products of 16 x 8 for each 16 inputs, four of which are a turn: forward, back, and for
     * the weights, whose biases are two more; of the outputs 2, and their 16 back into its part of the tile. In a chain it is 64 x 64, 4 x 8
     * and 4 more, of the outputs 2 x 2, and a turn is 16 inputs. Tiles of weights stand twice in the steps, beside a layer back and alone. Each
     * barrier of the grid counts once. In a narrow network's tile a turn of the layers' products is 32 inputs, of 32 x 32; of the first layer's
     * inputs two products, rounded and the rest; of the outputs 8 for all inputs, 8 back and a strip of their gradient; then the gradients of the
     * second layer, 64 x 32, of features twice, of inputs, and of the third layer, 96 x 32.
     */
    @ParameterizedTest
    @ValueSource(strings = {"sm_80", "sm_90a"})
    void theStepsMultiplyWhatTheirFormulasSay(String target) throws IOException {
        assumeTrue(Files.exists(cubin(target)), "built without nvcc");
        Map<String, Counts> kernels = Cubin.read(cubin(target));
        Counts steps = kernels.get("train_steps_bf16");
        Counts chain = kernels.get("train_chain_bf16");
        assertEquals(4 * (8 + 8 + 2 + 2 * (8 + 2)) + 8, steps.of(Opcode.HMMA));
        assertEquals(32 + 32 + 4 + 32 + 4 + 32, chain.of(Opcode.HMMA));
        Counts narrow = kernels.get("train_narrow_bf16");
        assertEquals(16 + 3 * 2 * 8 + 8 + 8 + 1 + 16 + 8 + 8 + 2 + 24, narrow.of(Opcode.HMMA));
        assertEquals(4, narrow.of(Opcode.ATOM) + narrow.of(Opcode.ATOMG));
        assertEquals(7, steps.of(Opcode.ATOM) + steps.of(Opcode.ATOMG));
        assertEquals(5, chain.of(Opcode.ATOM) + chain.of(Opcode.ATOMG));
    }

    /**
     * A step of a linear SDE in three coordinates (W0): a random block, two roots for three normals or, where they may be fast, two logarithms,
     * two roots, two cosines and a sine, and no more of everything else than docs/kernels.md says.
     */
    @Test
    void stepsOfALinearSdeTakeFewInstructions() throws IOException {
        assumeTrue(Files.exists(cubin("sm_90a")), "built without nvcc");
        List<Counts> loops = Cubin.innermostLoops(cubin("sm_90a"), "trajectory_sde_3x1_f32");
        assertEquals(151, step(loops, 2).all());
        assertEquals(77, step(loops, 7).all());
    }

    /** The loop with so many special functions. */
    private static Counts step(List<Counts> loops, int special) {
        List<Counts> found =
                loops.stream().filter(loop -> loop.of(Opcode.MUFU) == special).toList();
        assertEquals(1, found.size(), loops.toString());
        return found.get(0);
    }

    /**
     * A warp has 32 rows (half of them, and both types, in {@code rows16}): with B blocks of 16 columns a layer, a hidden layer is 4 B B
     * products, the first 4 B for each of up to four blocks of inputs, the outputs 4 B; all twice, for SiLU alone and for any activation,
     * but in the widest kernel. Split operands have 16 rows, three products for one, two loads, and one block of inputs. SiLU alone takes one
     * special function for each of 16 B sums a lane, in the first layer and in the others; any activation 6: tanh for SiLU, tanh and GELU,
     * a sine, two for softplus; of split operands 2 and 4, the rest by polynomials. A weight is loaded once for all rows of the warp: a load
     * for each four products (two, of 16 rows), two for the biases of a block of columns and layer, four for a block of inputs and 16 rows;
     * the linear part of the cells 128 at most.
     */
    private static void trajectory(String name, Counts counts) {
        boolean split = name.contains("x3");
        boolean few = split || name.contains("rows16");
        int blocks = Integer.parseInt(name.replaceAll("trajectory_mlp(\\d+)_.*", "$1")) / 16;
        int tiles = few ? 1 : 2;
        int types = name.contains("rows16") ? 2 : 1;
        boolean alone = blocks < 16;
        int networks = types * (alone ? 2 : 1);
        int weights = blocks * blocks + (split ? 1 : 4) * blocks + blocks;
        assertEquals(networks * 2 * tiles * weights * (split ? 3 : 1), counts.of(Opcode.HMMA), name);
        int sums = types * 2 * 8 * tiles * blocks;
        int special = split ? 2 + 4 : alone ? 1 + 6 : 6;
        assertEquals(types * 2 + sums * special, counts.of(Opcode.MUFU), name);
        int others = networks * (2 * 2 * blocks + 16 * tiles) + 128 * types;
        weights *= split ? 2 : 1;
        assertTrue(counts.of(Opcode.LDS) <= networks * weights + others, name + " loads " + counts.of(Opcode.LDS));
    }

    /**
     * Of each type with SiLU alone and with any activation: a hidden layer is a product of the warpgroup for each 16 inputs and 128 columns, first
     * and last layer those of 16 rows a warp; special functions too. No weight of a hidden layer passes a register: what is loaded from shared memory are
     * weights of the first layer and the last, biases, inputs and cells (of 256 columns the compiler repeats some; a hidden layer would be 256
     * loads a network). Elsewhere than on Hopper there is nothing.
     */
    private static void warpgroup(String name, Counts counts, boolean hopper) {
        int blocks = Integer.parseInt(name.replaceAll("trajectory_mlp(\\d+)_.*", "$1")) / 16;
        int types = hopper ? 2 : 0;
        int networks = 2 * types;
        boolean wide = blocks == 16;
        assertEquals(networks * blocks * (wide ? 2 : 1), counts.of(Opcode.HGMMA), name);
        assertEquals(networks * 2 * (4 * blocks + blocks), counts.of(Opcode.HMMA), name);
        assertEquals(
                types * (wide ? 2 + 8 * blocks * 2 * 7 : 3 + 8 * blocks * (2 * 8 - 1)),
                counts.of(Opcode.MUFU),
                name); // up to 128 SiLU is by products in every fourth column, or not, and one divides by the block's
        // threads
        int loads = networks * (4 * blocks + blocks + 2 * 2 * blocks + (wide ? 80 : 16)) + 128 * types;
        assertTrue(counts.of(Opcode.LDS) <= loads, name + " loads " + counts.of(Opcode.LDS));
    }

    /**
     * Of each type one loop with two products of a warpgroup for 32 inputs of 256 columns, in it a wait for the place and one arrival at both
     * blocks; first and last layer by products of warps, four blocks of inputs and the four of the last layer's unrolled loop; a sending
     * thread with copies of three kinds of places, weights and biases.
     */
    private static void streamed(String name, Counts counts, boolean hopper) {
        int types = hopper ? 2 : 0;
        assertEquals(types * 2, counts.of(Opcode.HGMMA), name);
        assertEquals(types * 2 * (4 + 4), counts.of(Opcode.HMMA), name);
        int given =
                name.endsWith("split") ? 3 : 0; // chunks of rows: a place of the first layer, and two of a hidden one
        assertEquals(types * (5 + given), counts.of(Opcode.UBLKCP), name);
    }

    /**
     * The loops of the large products. {@code linear_packed}: a warp has 64 x 64 of a tile, 4 x 8 products of 16 x 8 for each 16 inputs, of
     * which a turn takes 32; operands come by 16 bytes a lane, 4 for the rows and 4 for the weights of 16 inputs (the compiler adds up to 3 that are
     * never executed), and a thread copies 8 of the next slice, 16 before the loop. {@code linear_wide}: a turn takes 16 inputs, for each of which
     * a thread has 8 x 8 multiply-adds and 4 loads (and again up to 3 more); the loop holds the loads of unaligned rows beside those of aligned ones.
     */
    @ParameterizedTest
    @ValueSource(strings = {"sm_80", "sm_90a"})
    void loopsOfLargeProductsAreThoseOfTheDesign(String target) throws IOException {
        assumeTrue(Files.exists(cubin(target)), "built without nvcc");
        Map<String, Counts> kernels = Cubin.read(cubin(target));
        for (String type : List.of("f16", "bf16")) {
            String kernel = "linear_packed_" + type;
            Counts loop = loop(cubin(target), kernel, Opcode.HMMA, 1);
            assertEquals(64, loop.of(Opcode.HMMA));
            assertEquals(64, kernels.get(kernel).of(Opcode.HMMA));
            assertTrue(loop.of(Opcode.LDS) >= 16 && loop.of(Opcode.LDS) <= 19, kernel + ": " + loop);
            assertEquals(8, loop.of(Opcode.LDGSTS));
            assertEquals(24, kernels.get(kernel).of(Opcode.LDGSTS));
            assertEquals(0, loop.of(Opcode.LDG) + loop.of(Opcode.STS) + loop.of(Opcode.SHFL));
            assertTrue(loop.all() <= 170, kernel + ": " + loop.all() + " instructions for 64 products");
        }
        for (String kernel : List.of("linear_wide_f32", "linear_wide_weight_gradient_f32")) {
            Counts loop = loop(cubin(target), kernel, Opcode.LDS, 64);
            assertEquals(1024, loop.of(Opcode.FFMA), kernel);
            assertTrue(loop.of(Opcode.LDS) >= 64 && loop.of(Opcode.LDS) <= 67, kernel + ": " + loop);
            assertTrue(loop.of(Opcode.STS) <= 10 && loop.all() <= 1500, kernel + ": " + loop);
        }
    }

    /**
     * {@code tiles_linear}: 128 bytes of each row and column are four products, before the loop and in it, of 256 columns and of 64; the warp that
     * brings them has three copies. Special functions of 128 and 32 sums a lane: one for SiLU, sine, tanh and GELU, two for softplus; the rest divide
     * tiles by columns. Sums take no other way to shared memory.
     */
    @Test
    void layersOfWarpgroupsAreThoseOfTheDesign() throws IOException {
        assumeTrue(Files.exists(cubin("sm_90a")), "built without nvcc");
        Map<String, Counts> kernels = Cubin.read(cubin("sm_90a"));
        for (String type : List.of("f16", "bf16", "tf32")) {
            Counts counts = kernels.get("tiles_linear_" + type);
            assertEquals(2 * (4 + 4), counts.of(Opcode.HGMMA), type);
            assertEquals(3, counts.of(Opcode.UBLKCP), type);
            int special = (128 + 32) * (4 + 2);
            assertTrue(
                    counts.of(Opcode.MUFU) >= special && counts.of(Opcode.MUFU) <= special + 8, type + ": " + counts);
            assertEquals(0, counts.of(Opcode.LDS) + counts.of(Opcode.STS) + counts.of(Opcode.SHFL), type);
        }
    }
}
