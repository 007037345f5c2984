/**
 * One measurement in one process: warms a case up, runs it, prints a Sample as one line of JSON.
 *
 * usage: node one.js <load> <name> <size> <shape> <ops>; see cases.ts for loads and names
 */
import { caseOf } from './cases.ts'

function main(load = '', name = '', size = '', shape = '', ops = ''): void {
  const run = caseOf(load, name, Number(size), shape)
  run(Number(ops))
  const before = process.cpuUsage()
  const outcome = run(Number(ops))
  const userUs = process.cpuUsage(before).user
  console.log(JSON.stringify({ ...outcome, userUs }))
}

main(...process.argv.slice(2))
