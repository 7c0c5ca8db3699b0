package org.tweedie.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.tweedie.device.DeviceException;
import org.tweedie.device.DeviceUnavailableException;
import org.tweedie.device.OutOfDeviceMemoryException;

/** What must hold after a fault. Each rule that does not gives a line. */
final class Verdict {
    /** How a fault showed. */
    enum Shown {
        /** One typed exception. */
        THROWN,
        /** A warning: the work was done, and only the giving back of something failed. */
        WARNED,
        /** Fewer rows at a time, and the same answer. */
        SPLIT
    }

    /** What returns resources: their failures hold nothing up and are warnings; some wait for queued work as they close. */
    private static final Set<String> GIVES_BACK = Set.of(
            "cuMemFree_v2",
            "cuMemFreeHost",
            "cuMemHostUnregister",
            "cuEventDestroy_v2",
            "cuStreamDestroy_v2",
            "cuGraphDestroy",
            "cuGraphExecDestroy",
            "cuModuleUnload",
            "cuDevicePrimaryCtxRelease_v2",
            "cuCtxGetCurrent",
            "cuCtxSetCurrent",
            "cuCtxSynchronize",
            "cuStreamSynchronize");

    /** What outlives a context when the driver never takes it back, and is made up for at the next close of a device. */
    private static final Set<String> BEYOND_CONTEXTS = Set.of(
            "cuDevicePrimaryCtxRelease_v2",
            "cuGraphDestroy",
            "cuGraphExecDestroy",
            "cuCtxGetCurrent",
            "cuCtxSetCurrent");

    private static final Pattern LINE = Pattern.compile("[^\\r\\n]{20,1200}");

    private final Injection injection;
    private final List<String> faults = new ArrayList<>();
    private @Nullable Shown shown;

    private Verdict(Injection injection) {
        this.injection = injection;
    }

    /**
     * @param hit the run into which the fault was injected
     * @param again the same run after it, without a fault, going on from the same checkpoints
     * @param bits of a run without any fault
     */
    static Verdict of(Injection injection, Outcome hit, Outcome again, String bits) {
        Verdict verdict = new Verdict(injection);
        verdict.shown(hit, bits);
        verdict.leaks(hit);
        verdict.usable(again, bits);
        return verdict;
    }

    List<String> faults() {
        return faults;
    }

    @Nullable
    Shown shown() {
        return shown;
    }

    private void require(boolean holds, String fault) {
        if (!holds) {
            faults.add(fault);
        }
    }

    private void shown(Outcome hit, String bits) {
        require(hit.fired() > 0, "the call was never reached");
        require(injection.persistent() || hit.fired() <= 1, "fired " + hit.fired() + " times instead of once");
        // a stream whose capture the driver never ended says so once more when it is closed
        String follows = injection.call().equals("cuStreamEndCapture")
                ? "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"
                : injection.fault().text();
        for (String line : hit.logged()) {
            require(
                    line.startsWith("INFO") || line.contains(injection.fault().text()) || line.contains(follows),
                    "a warning of something else: " + line);
        }
        Throwable thrown = hit.thrown();
        if (thrown != null) {
            shown = Shown.THROWN;
            typed(thrown);
            return;
        }
        require(bits.equals(hit.bits()), "no exception, and other bits");
        boolean warned = hit.logged().stream()
                .anyMatch(line -> line.startsWith("WARNING")
                        && line.contains(injection.fault().text())
                        && line.contains(injection.named()));
        boolean split = injection.fault() == Fault.OUT_OF_MEMORY
                && hit.logged().stream()
                        .anyMatch(line -> line.startsWith("INFO")
                                && line.contains(injection.fault().text())
                                && line.contains("rows at a time"));
        require(warned || split, "swallowed: neither an exception nor a word of it; logged " + hit.logged());
        require(!warned || GIVES_BACK.contains(injection.call()), "only a warning, though work was not done");
        shown = split ? Shown.SPLIT : Shown.WARNED;
    }

    private void typed(Throwable thrown) {
        String message = String.valueOf(thrown.getMessage());
        String what = thrown.getClass().getName() + ": " + message;
        boolean opening = thrown instanceof DeviceUnavailableException;
        require(
                thrown.getClass()
                        == (opening
                                ? DeviceUnavailableException.class
                                : injection.fault() == Fault.OUT_OF_MEMORY
                                        ? OutOfDeviceMemoryException.class
                                        : DeviceException.class),
                "not the type for this code: " + what);
        require(thrown.getCause() == null, "wrapped: " + what + " caused by " + thrown.getCause());
        require(thrown.getSuppressed().length == 0, "not alone: " + what + " with " + List.of(thrown.getSuppressed()));
        int code = message.indexOf(injection.fault().text());
        require(code >= 0, "does not name the code: " + what);
        require(call().stream().anyMatch(message::contains), "does not name the call: " + what);
        require(message.indexOf("; ", Math.max(0, code)) > 0, "does not say what to do: " + what);
        require(LINE.matcher(message).matches(), "is not one line: " + what);
    }

    /** What a message may call the call. A launch is called by its kernel and shape, and so is the wait for it under sync. */
    private List<String> call() {
        if (injection.call().equals("cuLaunchKernel") || injection.call().equals("cuLaunchCooperativeKernel")) {
            return List.of("<<<");
        }
        return injection.call().equals("cuStreamSynchronize") && injection.mode() == Injection.Mode.SYNC
                ? List.of(injection.named(), "<<<", "cuGraphLaunch")
                : List.of(injection.named());
    }

    private void leaks(Outcome hit) {
        require(hit.leaks().isEmpty(), "leaked, by the device's account: " + hit.leaks());
        boolean refused = injection.fault().sticky() || GIVES_BACK.contains(injection.call());
        require(
                refused || Outcome.handles(hit.held()).isEmpty(),
                "leaked when the scenario ended: " + Outcome.handles(hit.held()));
        boolean later = BEYOND_CONTEXTS.contains(injection.call());
        require(
                later || Outcome.open(hit.left()).isEmpty(),
                "leaked when the device was closed: " + Outcome.open(hit.left()));
    }

    private void usable(Outcome again, String bits) {
        require(again.thrown() == null, "the run after it failed: " + again.thrown());
        require(bits.equals(again.bits()), "the run after it gave other bits");
        require(again.logged().isEmpty(), "the run after it warned: " + again.logged());
        require(
                again.leaks().isEmpty() && Outcome.handles(again.held()).isEmpty(),
                "the run after it leaked " + Outcome.handles(again.held()));
        require(Outcome.open(again.left()).isEmpty(), "left behind for good: " + Outcome.open(again.left()));
    }
}
