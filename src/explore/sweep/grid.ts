/**
 * The settings of a sweep in their one order: the cartesian product of the axes, the last axis
 * fastest. A point is a setting with a seed; seeds are faster than settings. Pure: the same axes
 * give the same list on every machine, so that machines can divide it by number.
 */
import type { Axis } from './axis.ts'

/** One of `of` machines, from 1: it has the points whose number leaves `nth - 1` over. */
export interface Shard {
  readonly nth: number
  readonly of: number
}

export const POINTS_MAX = 1_000_000

/** Values of each axis, in the order of the axes. */
export type Setting = readonly string[]

export function countSettings(axes: readonly Axis[]): number {
  return axes.reduce((product, axis) => product * axis.values.length, 1)
}

export function* settingsOf(axes: readonly Axis[]): Generator<Setting> {
  const total = countSettings(axes)
  for (let at = 0; at < total; at++) yield settingAt(axes, at)
}

function settingAt(axes: readonly Axis[], at: number): Setting {
  const values: string[] = []
  let rest = at
  for (const axis of axes.toReversed()) {
    values.unshift(axis.values[rest % axis.values.length] as string)
    rest = Math.floor(rest / axis.values.length)
  }
  return values
}

export function isMine(shard: Shard, point: number): boolean {
  return point % shard.of === shard.nth - 1
}
