package org.tweedie.faults;

import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUevent;
import jcuda.driver.JCudaDriver;
import org.tweedie.device.Device;
import org.tweedie.device.DeviceException;
import org.tweedie.device.Element;

/** Mistakes that the rig must catch, each a scenario that handles a fault wrongly. */
enum Plants {
    /** What the suite runs: no mistake. */
    NONE((work, device) -> work.run()),
    /** A buffer is forgotten when something fails. */
    LEAK((work, device) -> {
        try {
            work.run();
        } catch (DeviceException e) {
            forgotten().add(device.allocate(Element.F32, 8));
            throw e;
        }
    }),
    /** A handle is forgotten that the device does not know of. */
    NATIVE_LEAK((work, device) -> {
        try {
            work.run();
        } catch (DeviceException e) {
            JCudaDriver.cuCtxSetCurrent(contextOf());
            JCudaDriver.cuEventCreate(new CUevent(), 0);
            throw e;
        }
    }),
    SWALLOW((work, device) -> {
        try {
            work.run();
        } catch (DeviceException e) {
            work.run(); // the fault has passed: the same bits, and nobody hears of it
        }
    }),
    WRAP((work, device) -> {
        try {
            work.run();
        } catch (DeviceException e) {
            throw new IllegalStateException("sampling failed", e);
        }
    }),
    /** A failure of closing takes the place of what went wrong. */
    HIDE((work, device) -> {
        boolean done = false;
        try {
            work.run();
            done = true;
        } finally {
            if (!done) {
                hide();
            }
        }
    }),
    /** A message without code and remedy. */
    VAGUE((work, device) -> {
        try {
            work.run();
        } catch (DeviceException e) {
            throw new DeviceException("something went wrong on the GPU");
        }
    }),
    /** Something else from then on. */
    OTHER_BITS((work, device) -> {
        work.run();
        if (!forgotten().isEmpty()) {
            work.bits().add(new byte[1]);
        }
    }) {
        @Override
        void seen() {
            forgotten().add("a failure");
        }
    },
    /** The process dies. */
    DEATH((work, device) -> {
        try {
            work.run();
        } catch (DeviceException e) {
            Runtime.getRuntime().halt(9);
        }
    });

    private static final List<Object> FORGOTTEN = new ArrayList<>();

    private final Mistake mistake;

    Plants(Mistake mistake) {
        this.mistake = mistake;
    }

    private interface Work {
        void run() throws java.io.IOException;

        Bits bits();
    }

    private interface Mistake {
        void run(Work work, Device device) throws java.io.IOException;
    }

    private static List<Object> forgotten() {
        return FORGOTTEN;
    }

    private static void hide() {
        throw new DeviceException("cuda:0: cuStreamDestroy CUDA_ERROR_INVALID_VALUE; close it again");
    }

    private static jcuda.driver.CUcontext contextOf() {
        jcuda.driver.CUdevice gpu = new jcuda.driver.CUdevice();
        jcuda.driver.CUcontext context = new jcuda.driver.CUcontext();
        JCudaDriver.cuDeviceGet(gpu, 0);
        JCudaDriver.cuDevicePrimaryCtxRetain(context, gpu);
        JCudaDriver.cuDevicePrimaryCtxRelease(gpu);
        return context;
    }

    /** Called when the work failed. */
    void seen() {}

    Scenario in(Scenario scenario) {
        return (device, directory, bits) -> mistake.run(
                new Work() {
                    @Override
                    public void run() throws java.io.IOException {
                        try {
                            scenario.run(device, directory, bits);
                        } catch (DeviceException e) {
                            seen();
                            throw e;
                        }
                    }

                    @Override
                    public Bits bits() {
                        return bits;
                    }
                },
                device);
    }
}
