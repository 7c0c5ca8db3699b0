package org.tweedie.bridge;

/**
 * What a half bridge came to. Immutable.
 *
 * @param learned the direction whose network learned
 * @param loss running mean over its last steps, of |error of the mean|^2/(2 gamma): about the width of a row, by the noise of its targets, but
 *     for score matching, which has less
 * @param distance squared energy distance of where its walks end from the end they are to reach, in the units of the chains; about 0 in the limit
 */
public record HalfBridge(Direction learned, double loss, double distance) {}
