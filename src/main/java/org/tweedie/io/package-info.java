/**
 * Files in and out: tables (NPY, NPZ, CSV), tensors (safetensors), checkpoints, pictures and reports.
 *
 * <p>Every reader keeps one promise: any byte string gives a result or a {@link org.tweedie.io.MalformedFileException}
 * that names the file, the place and the fault, in bounded time and within the memory budget of
 * {@link org.tweedie.io.ReadLimits}. Every writer keeps another: the target is the old file or the complete new one, and
 * a failure leaves nothing behind ({@link org.tweedie.io.AtomicFile}). All changes to the disk go through
 * {@link org.tweedie.io.FileActions}. Readers and writers are for one thread at a time; records are immutable by
 * convention: arrays in them are not copied.
 */
@org.jspecify.annotations.NullMarked
package org.tweedie.io;
