package org.tweedie.device.cuda;

import jcuda.driver.CUdeviceptr;

/** A device address as a number. */
final class Address extends CUdeviceptr {
    /** Null, to be set by an allocation. */
    Address() {}

    private Address(long address) {
        super(new CUdeviceptr(), address); // null plus an offset: JCuda has no constructor from a number
    }

    static Address of(long address) {
        return new Address(address);
    }

    long value() {
        return getNativePointer() + getByteOffset();
    }
}
