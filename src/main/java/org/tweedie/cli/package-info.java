/** The command line: parses, calls the front door, prints. */
@org.jspecify.annotations.NullMarked
package org.tweedie.cli;
