/** The suite {@code faults}: every driver call of a whole run fails in turn, and what follows is judged. */
@org.jspecify.annotations.NullMarked
package org.tweedie.faults;
