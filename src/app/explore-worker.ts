/**
 * The entry of a worker thread that runs trials of a search. The target is the same for all of them
 * and comes once; a trial and its outcome are plain data.
 */
import { workerData } from 'piscina'
import { type Outcome, runTrial, type Target, type Trial } from '../explore/trial.ts'
import { filePool } from './record-file.ts'
import { answering, type ThreadAnswer } from './thread-answer.ts'

const pool = filePool()

export default function answer(trial: Trial): ThreadAnswer<Outcome> {
  return answering(() => runTrial(workerData as Target, trial, pool))
}
