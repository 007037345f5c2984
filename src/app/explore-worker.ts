/**
 * The entry of a worker thread that runs trials of a search. The target is the same for all of them
 * and comes once; a trial and its outcome are plain data.
 */
import { workerData } from 'piscina'
import { type Outcome, runTrial, type Target, type Trial } from '../explore/trial.ts'
import { filePool } from './record-file.ts'

const pool = filePool()

export default function answer(trial: Trial): Outcome {
  return runTrial(workerData as Target, trial, pool)
}
