#!/usr/bin/env node
/** The command line. The program is a module of its own: a process may call it many times. */
import { ignoreClosedPipe } from './console.ts'
import { runProgram } from './program.ts'

ignoreClosedPipe()
await runProgram(process.argv.slice(2))
