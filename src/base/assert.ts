/**
 * Our own assertion: on in every build. A failed one is a fault of pcmsim, never bad input;
 * the command line turns it into exit code 70.
 */
export class AssertionFault extends Error {
  override readonly name = 'AssertionFault'
}

/** Fails with the sentence given when a condition that must hold does not. */
export function assert(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new AssertionFault(sentence)
}

/** For the branch that cannot be taken. */
export function unreachable(sentence: string): never {
  throw new AssertionFault(sentence)
}

/** Narrows away undefined where the program's own logic guarantees a value. */
export function present<T>(value: T | undefined | null, sentence: string): T {
  if (value === undefined || value === null) throw new AssertionFault(sentence)
  return value
}
