package org.tweedie.device.cuda;

import java.lang.reflect.Field;
import jcuda.NativePointerObject;
import jcuda.driver.CUstream;

/** A CUstream whose value can be read, and set for a stream that the caller owns. */
final class StreamHandle extends CUstream {
    /** Null, to be set by the driver. */
    StreamHandle() {}

    /** A stream made elsewhere. JCuda has no constructor from a number, so its one field is set directly. */
    static StreamHandle of(long value) {
        StreamHandle handle = new StreamHandle();
        try {
            Field pointer = NativePointerObject.class.getDeclaredField("nativePointer");
            pointer.setAccessible(true);
            pointer.setLong(handle, value);
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new IllegalStateException("this JCuda does not let a stream handle be set: " + e, e);
        }
        return handle;
    }

    long value() {
        return getNativePointer();
    }
}
