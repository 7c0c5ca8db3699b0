/** What the repository promises beside its classes: launcher, build files, architecture. These tests read the checkout. */
@org.jspecify.annotations.NullMarked
package org.tweedie.house;
