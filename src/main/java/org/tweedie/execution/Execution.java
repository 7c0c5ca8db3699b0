package org.tweedie.execution;

import java.util.List;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceKind;

/** A way to run a program. All give the same answer, those of 16 bits, which must be asked for, within a bound; they differ in speed and in what they take. Stateless, shared by threads. */
public interface Execution {
    /** {@code fused}, {@code graph} or {@code stepwise}, {@code fused-fast}, or {@code -16bit} after one of the three. */
    String name();

    /** Whether this execution takes the program on that device, and why or why not, as {@code explain()} prints it. */
    Offer offer(Program program, Device device, boolean traced);

    /**
     * Makes the program ready for up to {@code rows} rows a run.
     *
     * @throws org.tweedie.device.OutOfDeviceMemoryException if that many rows do not fit
     */
    Runner open(Program program, Device device, int rows);

    /** Bytes of device memory a row of a run takes, about: to choose how many rows to run at once. */
    default long bytesPerRow(Program program) {
        return StateLayout.of(program.table().registers()).floatsPerRow() * (long) Float.BYTES;
    }

    /** Every execution that a device may use, the fastest first. */
    static List<Execution> candidates(Device device) {
        return device.kind() == DeviceKind.HOST
                ? List.of(new HostFused(), new GraphReplay(false), new Stepwise(false))
                : List.of(
                        new FusedSde(true),
                        new FusedSde(false),
                        new FusedMlp(),
                        new GraphReplay(true),
                        new Stepwise(true),
                        new GraphReplay(false),
                        new Stepwise(false));
    }

    /** Taken or declined, with the reason. */
    record Offer(boolean taken, String reason) {
        static Offer taken(String reason) {
            return new Offer(true, reason);
        }

        static Offer declined(String reason) {
            return new Offer(false, reason);
        }
    }
}
