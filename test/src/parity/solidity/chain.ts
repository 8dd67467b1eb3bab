import { startChain, type InProcessChain } from '../../chain/in-process-chain.ts'

let shared: Promise<InProcessChain> | undefined

/** One chain for all cases of a run, started by the first: for rules whose calls leave nothing behind that others could see. */
export function sharedChain(): Promise<InProcessChain> {
  shared ??= startChain()
  return shared
}
