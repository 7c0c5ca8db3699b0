package org.tweedie.device.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/**
 * The arguments of a stream's launch under way, as the driver wants them: an array of addresses, and the eight-byte values
 * that they point to, which the driver copies before the launch returns. The memory comes from the driver because only then
 * is its address known in Java: one pointer crosses JNI in a launch, where JCuda's array of pointers costs ten times as much.
 */
final class LaunchBlock {
    private static final int VALUES = CudaKernel.MOST_PARAMETERS * Long.BYTES;
    private static final int BYTES = 2 * VALUES;

    private final Memory memory = new Memory();
    private final ByteBuffer slots;

    /** A pointer whose value can be read. */
    private static final class Memory extends Pointer {
        long address() {
            return getNativePointer();
        }
    }

    LaunchBlock(Context context) {
        context.call(() -> JCudaDriver.cuMemHostAlloc(memory, BYTES, 0), "cuMemHostAlloc of " + BYTES + " bytes");
        slots = memory.getByteBuffer(0, BYTES).order(ByteOrder.nativeOrder());
        for (int i = 0; i < CudaKernel.MOST_PARAMETERS; i++) {
            slots.putLong(i * Long.BYTES, memory.address() + VALUES + (long) i * Long.BYTES);
        }
    }

    /** Sets argument {@code i}; a four-byte value is the lower half, for the machine is little-endian. */
    void put(int i, long bits) {
        slots.putLong(VALUES + i * Long.BYTES, bits);
    }

    /** What {@code cuLaunchKernel} takes as its array of parameters. */
    Pointer pointer() {
        return memory;
    }

    int free() {
        return JCudaDriver.cuMemFreeHost(memory);
    }
}
