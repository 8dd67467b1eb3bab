/**
 * Who computes which kind of case. To add kinds: write a module beside these that exports `Kinds`, and name it here.
 *
 * Several modules may name one kind; their implementations are run one after the other.
 */
import type { Implementation, Kinds } from './implementation.ts'
import { billingOnChainKinds } from './solidity/billing.ts'
import { mintingOnChainKinds } from './solidity/minting.ts'
import { billingKinds } from './typescript/billing.ts'
import { mintingKinds } from './typescript/minting.ts'

const MODULES: readonly Kinds[] = [billingKinds, billingOnChainKinds, mintingKinds, mintingOnChainKinds]

export const registry: ReadonlyMap<string, readonly Implementation[]> = gather(MODULES)

function gather(modules: readonly Kinds[]): Map<string, Implementation[]> {
  const byKind = new Map<string, Implementation[]>()
  for (const [kind, implementations] of modules.flatMap(Object.entries<readonly Implementation[]>)) {
    byKind.set(kind, [...(byKind.get(kind) ?? []), ...implementations])
  }
  return byKind
}
