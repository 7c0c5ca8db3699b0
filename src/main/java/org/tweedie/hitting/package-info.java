/** First-hitting models: walks that end where they first hit a set, a sphere, the corners of a cube, at times of their own. */
@org.jspecify.annotations.NullMarked
package org.tweedie.hitting;
