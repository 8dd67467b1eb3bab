import type { AccountId, ContractId } from '@grid/model'

import { contractsOf, type Book } from './book.ts'
import type { AccountSight, Preview } from './ledger-port.ts'

/** When the keeper finds something worth a transaction. */
export interface KeeperPolicy {
  /** Least gross, in token units, for which a running contract is settled. */
  readonly minimalValue: bigint
  /** Below this runway credit is used, where the owner left auto-credit on. */
  readonly creditRunwaySeconds: bigint
  /** Contracts in one transaction. */
  readonly batchSize: number
}

/** What the keeper saw in a round; contracts are previewed when it is time to settle. */
export interface Sight {
  readonly now: bigint
  readonly accounts: ReadonlyMap<AccountId, AccountSight>
  readonly previews: ReadonlyMap<ContractId, Preview>
  /** Contracts that nobody ended and that run no more. */
  readonly overdue: readonly ContractId[]
}

export type Step =
  | { readonly kind: 'poke'; readonly accountId: AccountId }
  | { readonly kind: 'expire'; readonly contractId: ContractId }
  | { readonly kind: 'settle'; readonly contractIds: readonly ContractId[] }
  | {
      readonly kind: 'useCredit'
      readonly accountId: AccountId
      readonly amount: bigint
      readonly contractIds: readonly ContractId[]
    }

/** Names a step, so that one that fails can wait while others go on. */
export const keyOf = (step: Step): string => {
  switch (step.kind) {
    case 'poke':
    case 'useCredit':
      return `${step.kind}:${step.accountId}`
    case 'expire':
      return `expire:${step.contractId}`
    case 'settle':
      return `settle:${step.contractIds.join(',')}`
  }
}

/** Credit first, before an account runs dry; then what has passed is stored, what ended is freed, what is due is settled. */
export function plan(book: Book, sight: Sight, policy: KeeperPolicy): readonly Step[] {
  return [
    ...creditSteps(book, sight, policy),
    ...pokeSteps(book, sight),
    ...sight.overdue.map((contractId): Step => ({ kind: 'expire', contractId })),
    ...settleSteps(book, sight, policy),
  ]
}

function creditSteps(book: Book, { now, accounts, previews }: Sight, policy: KeeperPolicy): Step[] {
  return [...accounts].flatMap(([accountId, { state, isAutoCredit, credit, depletesAt }]): Step[] => {
    const isShort = depletesAt !== null && depletesAt < now + policy.creditRunwaySeconds
    if (state !== 'active' || !isAutoCredit || !isShort) return []
    const contractIds = contractsOf(book, accountId).filter((id) => (previews.get(id)?.refund ?? 0n) > 0n)
    const refunds = contractIds.reduce((sum, id) => sum + previews.get(id)!.refund, 0n)
    const amount = credit + refunds
    return amount === 0n ? [] : [{ kind: 'useCredit', accountId, amount, contractIds }]
  })
}

function pokeSteps(book: Book, { accounts }: Sight): Step[] {
  return [...accounts]
    .filter(([accountId, { state }]) => book.accounts.get(accountId) !== state)
    .map(([accountId]) => ({ kind: 'poke', accountId }))
}

function settleSteps(book: Book, { previews }: Sight, { minimalValue, batchSize }: KeeperPolicy): Step[] {
  const due = [...previews].filter(([contractId, { gross }]) => {
    const isEnded = book.contracts.get(contractId)?.isEnded ?? false
    return gross > 0n && (isEnded || gross >= minimalValue)
  })
  return batches(
    due.map(([contractId]) => contractId),
    batchSize,
  ).map((contractIds) => ({ kind: 'settle', contractIds }))
}

function batches<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, at) => items.slice(at * size, (at + 1) * size))
}
