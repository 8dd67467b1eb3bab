import type { Hex } from '@grid/model'
import { ManifestError } from './errors.ts'
import { problemsOf } from './problems.ts'
import { type Deployment, deploymentSchema } from './schema.ts'
import { expandShortForm } from './short-form.ts'
import { parseStrictJson, parseStrictYaml } from './strict-json.ts'

export interface ParseOptions {
  /** Whose deployment it is: needed by the short form; the long form must name the same. */
  readonly owner?: Hex
}

/**
 * Reads a deployment from a file: canonical JSON, the same in YAML, or the short YAML form for people.
 *
 * @throws {ManifestError} naming every field at fault.
 */
export function parseManifest(text: string, options: ParseOptions = {}): Deployment {
  const value = /^\s*\{/.test(text) ? parseStrictJson(text) : parseStrictYaml(text)
  const owner = options.owner?.toLowerCase() as Hex | undefined
  if (!isLongForm(value)) return parseDeployment(expandShortForm(value, ownerOfShortForm(owner)))
  const deployment = parseDeployment(value)
  if (owner !== undefined && deployment.owner !== owner) {
    throw new ManifestError([{ path: 'owner', message: `is ${deployment.owner}, you act for ${owner}` }])
  }
  return deployment
}

/** Checks a value that was read by `parseStrictJson` against the schema. */
export function parseDeployment(value: unknown): Deployment {
  const parsed = deploymentSchema.safeParse(value)
  if (!parsed.success) throw new ManifestError(problemsOf(parsed.error))
  return parsed.data
}

function isLongForm(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('schema' in value || 'workloads' in value)
}

function ownerOfShortForm(owner: Hex | undefined): Hex {
  if (owner === undefined)
    throw new ManifestError([{ path: 'owner', message: 'is not known; the short form needs one' }])
  return owner
}
