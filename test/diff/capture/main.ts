/**
 * `npm run captures -- check FOLDER...`: replays captured runs and says where they differ.
 * `npm run captures -- store FOLDER...`: keeps them in test/data/captures.
 * `npm run captures -- table`: writes the table of docs/captures.md anew, from the kept ones.
 * `npm run captures -- calibration FOLDER...`: writes the tables of docs/calibrate.md anew.
 * A folder is that of a capture or of several. From the top of the tree.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { condense } from './condensed.ts'
import { replay } from './replay.ts'
import { captureFolders, capturesOf, STORE, stored, storedNames } from './stored.ts'
import { timingTable } from './table.ts'

const PAGE = 'docs/captures.md'
const [command, ...folders] = process.argv.slice(2)
const captures = command === 'calibration' ? [] : folders.flatMap((folder) => capturesOf(folder))

if (command === 'check') {
  for (const capture of captures) {
    const { differences } = replay(capture)
    console.log(`${capture.name}: ${differences.length === 0 ? 'equal' : 'differs'}`)
    for (const line of differences) console.log(`  ${line}`)
    if (differences.length > 0) process.exitCode = 1
  }
} else if (command === 'store') {
  mkdirSync(STORE, { recursive: true })
  for (const capture of captures) {
    const text = JSON.stringify(condense(capture), null, 1)
    writeFileSync(`${STORE}/${capture.name}.json`, `${text}\n`)
  }
} else if (command === 'table') {
  const text = readFileSync(PAGE, 'utf8')
  const table = timingTable(storedNames().map(stored))
  writeFileSync(PAGE, `${text.slice(0, text.indexOf('| run |'))}${table}\n`)
} else if (command === 'calibration') {
  const table = (...options: readonly string[]): string => {
    const args = ['dist/bin/main.js', 'calibrate', '--table', ...options]
    const all = [...args, ...folders.flatMap(captureFolders)]
    const done = spawnSync(process.execPath, all, { encoding: 'utf8', maxBuffer: 1 << 26 })
    if (done.status !== 0) throw new Error(done.stderr)
    return done.stdout
  }
  const page = readFileSync('docs/calibrate.md', 'utf8')
  const halves = `### The second half from the first\n\n${table()}`
  const blocks = `### Every other 250 ms from the others\n\n${table('--blocks', '250ms')}`
  const from = page.indexOf('### The second half from the first')
  writeFileSync('docs/calibrate.md', `${page.slice(0, from)}${halves}\n${blocks}`)
} else {
  console.error(
    'usage: npm run captures -- check FOLDER... | store FOLDER... | table | calibration FOLDER...',
  )
  process.exitCode = 2
}
