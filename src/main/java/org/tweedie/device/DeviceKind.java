package org.tweedie.device;

/** Which machine runs the kernels. Immutable. */
public enum DeviceKind {
    /** The host's cores, running Java twins. */
    HOST,
    /** An NVIDIA GPU. */
    CUDA,
    /** The test rig that runs the CUDA sources on the host behind an unmodified JCuda. Never shipped. */
    EMULATED
}
