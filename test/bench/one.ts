/**
 * One measurement in one process: warms a case up, runs it, prints a Sample as one line of JSON.
 *
 * The second run of a case makes its objects anew, and the engine throws away what it compiled in
 * the first: hence short runs before the one that fills the memory for recordings.
 *
 * usage: node one.js <load> <name> <size> <shape> <ops>; see cases.ts for loads and names
 */
import { caseOf } from './cases.ts'

const SHORT_RUNS = 3

function main(load = '', name = '', size = '', shape = '', ops = ''): void {
  const run = caseOf(load, name, Number(size), shape)
  for (let i = 0; i < SHORT_RUNS; i++) run(Math.ceil(Number(ops) / 10))
  run(Number(ops))
  const before = process.cpuUsage()
  const outcome = run(Number(ops))
  const userUs = process.cpuUsage(before).user
  console.log(JSON.stringify({ ...outcome, userUs }))
}

main(...process.argv.slice(2))
