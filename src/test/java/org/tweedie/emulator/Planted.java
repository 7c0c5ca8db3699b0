package org.tweedie.emulator;

import org.tweedie.device.KernelEntry;
import org.tweedie.device.KernelEntry.Parameter;

/** Kernels of native/emulator/selftest/kernels, each with one fault, or with one on demand. They have no twins. */
final class Planted {
    static final KernelEntry NO_BARRIER = entry("selftest_race", Parameter.POINTER);
    static final KernelEntry NO_SYNCWARP = entry("selftest_no_syncwarp", Parameter.POINTER);
    static final KernelEntry LOST_UPDATE = entry("selftest_lost_update", Parameter.POINTER);
    static final KernelEntry LAST_WRITER = entry("selftest_last_writer", Parameter.POINTER);
    static final KernelEntry TWO_BARRIERS = entry("selftest_two_barriers", Parameter.POINTER);
    static final KernelEntry BLOCK_SUM =
            entry("selftest_block_sum", Parameter.POINTER, Parameter.POINTER, Parameter.I32);
    static final KernelEntry WRITE_AT = entry("selftest_write_at", Parameter.POINTER, Parameter.I64, Parameter.I32);
    static final KernelEntry SHARED_OVERRUN = entry("selftest_shared_overrun", Parameter.POINTER, Parameter.I32);
    static final KernelEntry TOTAL = entry("selftest_total", Parameter.POINTER, Parameter.I32, Parameter.POINTER);
    static final KernelEntry ADD_ONE = entry("selftest_add_one", Parameter.POINTER, Parameter.I64);
    static final KernelEntry UNDEFINED = entry("selftest_undefined", Parameter.POINTER, Parameter.I32, Parameter.I32);

    private Planted() {}

    static KernelEntry entry(String name, Parameter... parameters) {
        return KernelEntry.of(
                name,
                (arguments, team) -> {
                    throw new IllegalStateException(name + " has no twin");
                },
                parameters);
    }
}
