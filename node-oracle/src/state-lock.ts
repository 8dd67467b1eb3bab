import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GridError } from '@grid/model'

/** Thrown when another process of this machine works on the same state. */
export class StateInUseError extends GridError {
  constructor(stateDir: string, pid: number) {
    super(
      `The state in ${stateDir} is in use by process ${pid}. One state belongs to one node: stop that one, or name another --state.`,
      {
        stateDir,
        pid,
      },
    )
  }
}

/** Takes the state for this process until the returned function is called; what a killed process held is free. */
export function lockState(stateDir: string): () => void {
  const path = join(stateDir, 'lock')
  const holder = existsSync(path) ? readFileSync(path, 'utf8').split(' ') : []
  const pid = Number(holder[0])
  if (pid !== process.pid && holder[1] !== undefined && startOf(pid) === holder[1])
    throw new StateInUseError(stateDir, pid)
  writeFileSync(path, `${process.pid} ${startOf(process.pid)}`)
  return () => rmSync(path, { force: true })
}

/** When a process began, in ticks since boot: with its id it names one process. */
function startOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19]
  } catch {
    return undefined
  }
}
