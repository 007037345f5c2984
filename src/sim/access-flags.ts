/**
 * Bits of the `flags` argument of an access record, as the model writes them and the race detector
 * reads them. Kernel: KCSAN_ACCESS_WRITE, KCSAN_ACCESS_ATOMIC of include/linux/kcsan-checks.h.
 */

export const ACCESS_WRITE = 1
/** By READ_ONCE(), WRITE_ONCE() or an atomic operation. */
export const ACCESS_MARKED = 2
/** A write of the value that was there. */
export const ACCESS_SAME = 4
/** Inside data_race(): whatever it races with is meant. */
export const ACCESS_DATA_RACE = 8
