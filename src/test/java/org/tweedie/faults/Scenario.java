package org.tweedie.faults;

import java.io.IOException;
import java.nio.file.Path;
import org.tweedie.device.Device;

/** Work on a device that closes all that it opens there. */
interface Scenario {
    /**
     * @param directory for checkpoints and files; what an earlier run left there is gone on with
     * @param bits takes the results
     */
    void run(Device device, Path directory, Bits bits) throws IOException;
}
