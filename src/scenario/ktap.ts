/**
 * Results of the self-test in the kernel's format: a header, a plan, one line a result, comments.
 * Kernel: tools/testing/selftests/kselftest.h, v6.12; Documentation/dev-tools/ktap.rst.
 */
import type { PcmTimeResult } from '../model/user/pcm-selftest.ts'
import type { PlannedTest, SelftestPlan, TestPlace } from './selftest-plan.ts'

export interface KtapCounts {
  pass: number
  fail: number
  skip: number
}

export class Ktap {
  readonly counts: KtapCounts = { pass: 0, fail: 0, skip: 0 }
  private readonly lines: string[] = ['TAP version 13']
  private number = 0

  get text(): string {
    return `${this.lines.join('\n')}\n`
  }

  comment(text: string): void {
    this.lines.push(`# ${text}`)
  }

  plan(results: number): void {
    this.lines.push(`1..${results}`)
  }

  result(pass: boolean, name: string): void {
    this.counts[pass ? 'pass' : 'fail']++
    this.lines.push(`${pass ? 'ok' : 'not ok'} ${++this.number} ${name}`)
  }

  skip(name: string): void {
    this.counts.skip++
    this.lines.push(`ok ${++this.number} # SKIP ${name}`)
  }

  totals(planned: number): void {
    if (planned !== this.number) {
      this.comment(`Planned tests != run tests (${planned} != ${this.number})`)
    }
    const { pass, fail, skip } = this.counts
    this.comment(`Totals: pass:${pass} fail:${fail} xfail:0 xpass:0 skip:${skip} error:0`)
  }
}

function at({ device, subdevice, stream }: TestPlace): string {
  return `0.${device}.${subdevice}.${stream}`
}

/** `default.time1.0.0.0.PLAYBACK`. */
export function testName({ testClass, name, place }: PlannedTest): string {
  return `${testClass}.${name}.${at(place)}`
}

/** What comes before the first case. */
export function ktapHead(plan: SelftestPlan): Ktap {
  const ktap = new Ktap()
  for (const note of plan.notes) ktap.comment(note)
  ktap.plan(plan.results)
  for (const place of plan.missing) ktap.result(false, `test.missing.${at(place)}`)
  return ktap
}

/** The lines of one case. */
export function ktapCase(ktap: Ktap, test: PlannedTest, result: PcmTimeResult): void {
  const name = testName(test)
  if (test.description !== '') ktap.comment(`${name} - ${test.description}`)
  for (const change of result.formatChanges) {
    ktap.comment(`${test.name}.${at(test.place)}.RW_INTERLEAVED format ${change}`)
  }
  if (!result.skip) {
    const params = `hw_params.${result.hwParams} sw_params.${result.startThreshold}`
    ktap.comment(`${name} ${params}`)
  }
  // What is said of this very system should always work.
  if (test.testClass === 'system') ktap.result(!result.skip, `${name}.params`)
  if (result.skip) ktap.skip(name)
  else ktap.result(result.pass, name)
  if (result.message !== '') ktap.comment(result.message)
}
