/** Arrays on hot paths. */

/** Takes one element out and closes the gap; `splice` would make an array of what it took. */
export function removeAt<T>(array: T[], at: number): void {
  for (let i = at + 1; i < array.length; i++) array[i - 1] = array[i] as T
  array.pop()
}
