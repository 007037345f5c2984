/** The first line of a scenario file, by which editors find the schema that comes with pcmsim. */
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `folder`: where the file will be. */
export function modeline(folder: string): string {
  const schema = fileURLToPath(new URL('../../schema/scenario.schema.json', import.meta.url))
  const way = relative(resolve(folder), schema).replaceAll('\\', '/')
  return `# yaml-language-server: $schema=${way}`
}
