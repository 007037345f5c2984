/** What commander says of a word that is none of an option's list, said as our own faults are. */
import { didYouMean } from '../scenario/near.ts'

const CHOICE =
  /^error: option '(--[\w-]+)[^']*' argument '(.*)' is invalid\. Allowed choices are (.*)\.\s*$/

/** Any other text is given back as it is. */
export function choiceFault(text: string): string {
  const match = CHOICE.exec(text)
  if (match === null) return text
  const [, option = '', word = '', list = ''] = match
  const hint = didYouMean(word, list.split(', '))
  return `${option} ${word}: no such choice${hint}, allowed: ${list}\n`
}
