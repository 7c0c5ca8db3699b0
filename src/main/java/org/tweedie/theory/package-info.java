/** What theorems promise of samplers, beside what closed forms measure; and what a score tells of the data it was learned from. */
@org.jspecify.annotations.NullMarked
package org.tweedie.theory;
