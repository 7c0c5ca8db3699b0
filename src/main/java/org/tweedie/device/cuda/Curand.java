package org.tweedie.device.cuda;

import static jcuda.jcurand.curandRngType.CURAND_RNG_PSEUDO_PHILOX4_32_10;

import java.util.Optional;
import jcuda.jcurand.JCurand;
import jcuda.jcurand.curandGenerator;
import jcuda.runtime.cudaStream_t;
import org.tweedie.device.Allocations;
import org.tweedie.device.DeviceBuffer;
import org.tweedie.device.DeviceUnavailableException;
import org.tweedie.device.Element;
import org.tweedie.device.Stream;

/**
 * cuRAND's Philox generator, where cuRAND is installed: a yardstick for Tweedie's own, which it never replaces, since its
 * numbers are counted by the order of calls and not by the sample's index.
 *
 * <p>Bound to one stream, and used by one thread at a time; to be closed before the stream.
 */
public final class Curand implements AutoCloseable {
    private final CudaStream stream;
    private final curandGenerator generator;
    private final Guard guard;
    private final Allocations.Ticket ticket;

    private Curand(CudaStream stream, curandGenerator generator) {
        this.stream = stream;
        this.generator = generator;
        Context context = stream.context();
        this.guard = new Guard(
                "this cuRAND on " + context.spec,
                () -> context.close(
                        () -> Library.CURAND.code(() -> JCurand.curandDestroyGenerator(generator)) == 0 ? 0 : 1,
                        "curandDestroyGenerator"));
        this.ticket = context.allocations.opened(this, "a cuRAND generator", 0, guard::close);
    }

    /** Why cuRAND cannot be used here; empty where it can. */
    public static Optional<String> unavailable() {
        return Library.CURAND.unavailable();
    }

    /**
     * A generator on a stream of a CUDA device.
     *
     * @throws DeviceUnavailableException if cuRAND is not installed or the stream is the host's; says which
     */
    public static Curand on(Stream stream, long seed) {
        CudaStream mine = Library.CURAND.on(stream);
        Context context = mine.context();
        curandGenerator generator = new curandGenerator();
        boolean ready = false;
        boolean[] created = new boolean[1];
        context.guard.enter();
        try {
            mine.hold(() -> {
                check(
                        context,
                        () -> JCurand.curandCreateGenerator(generator, CURAND_RNG_PSEUDO_PHILOX4_32_10),
                        "curandCreateGenerator");
                created[0] = true;
                check(
                        context,
                        () -> JCurand.curandSetStream(generator, new cudaStream_t(mine.cuda())),
                        "curandSetStream");
                check(
                        context,
                        () -> JCurand.curandSetPseudoRandomGeneratorSeed(generator, seed),
                        "curandSetPseudoRandomGeneratorSeed");
            });
            ready = true;
        } finally {
            if (!ready) {
                context.close(
                        () -> created[0] ? JCurand.curandDestroyGenerator(generator) : 0, "curandDestroyGenerator");
            }
        }
        return new Curand(mine, generator);
    }

    private static void check(Context context, Codes.Call call, String what) {
        Library.CURAND.check(context, Library.CURAND.code(call), what);
    }

    /**
     * Fills part of a buffer of F32 with normal numbers.
     *
     * @param count even: cuRAND makes them in pairs
     */
    public void normals(DeviceBuffer into, long at, long count, float mean, float deviation) {
        if (count % 2 != 0) {
            throw new IllegalArgumentException("count of normals must be even, got " + count);
        }
        fill(
                into,
                at,
                count,
                target -> JCurand.curandGenerateNormal(generator, target, count, mean, deviation),
                "curandGenerateNormal");
    }

    /** Fills part of a buffer of F32 with numbers uniform in (0, 1]. */
    public void uniforms(DeviceBuffer into, long at, long count) {
        fill(
                into,
                at,
                count,
                target -> JCurand.curandGenerateUniform(generator, target, count),
                "curandGenerateUniform");
    }

    @FunctionalInterface
    private interface Fill {
        int code(jcuda.driver.CUdeviceptr target);
    }

    private void fill(DeviceBuffer into, long at, long count, Fill fill, String what) {
        CudaBuffer target = stream.mine(into);
        if (into.element() != Element.F32) {
            throw new IllegalArgumentException(what + " fills F32, got " + into.element());
        }
        CudaStream.range(what, target, at, count);
        if (count == 0) {
            return;
        }
        guard.enterAlone();
        try {
            stream.hold(
                    () -> check(stream.context(), () -> fill.code(CudaStream.at(target, at)), what + " of " + count),
                    target);
        } finally {
            guard.exit();
        }
    }

    @Override
    public void close() {
        ticket.close();
    }
}
