/**
 * `npm run parity -- FILE...`: golden cases against every implementation of their kind.
 *
 * Exit code 0 when all agree, 1 on any failure, 2 when a file cannot be read.
 */
import { stopChains } from '../chain/in-process-chain.ts'
import { readCaseFile, UnreadableCaseFileError } from './case-file.ts'
import { registry } from './registry.ts'
import { runParity } from './runner.ts'

const USAGE = 'usage: npm run parity -- FILE...   files of golden cases: {"cases": [{id, kind, input, expected}]}'

async function main(paths: readonly string[]): Promise<number> {
  if (paths.length === 0) {
    console.error(USAGE)
    return 2
  }
  try {
    const cases = (await Promise.all(paths.map(readCaseFile))).flat()
    const { passed, failed, skipped } = await runParity(cases, registry, (line) => console.log(line))
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
    return failed > 0 ? 1 : 0
  } catch (error) {
    if (!(error instanceof UnreadableCaseFileError)) throw error
    console.error(error.message)
    return 2
  } finally {
    await stopChains()
  }
}

process.exitCode = await main(process.argv.slice(2))
