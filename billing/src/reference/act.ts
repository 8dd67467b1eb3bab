/** The acts of a ledger as values, so that the twin, the naive ledger and the contract can be given the same ones. */
import { usdPerTokenE18, type AccountId, type ContractId, type NodeId } from '@grid/model'

import { deposit, refreshTier, stake, unstake, useCredit, withdraw, withdrawCredit } from '../ledger/account-acts.ts'
import { changeRate, end, start, type Rates } from '../ledger/contract-acts.ts'
import { ALL_STEPS, flipNode, openAccount, poke, setPrice, settle, type Ledger } from '../ledger/ledger.ts'
import type { ContractTerms } from '../ledger/meter.ts'
import type { NaiveLedger } from './naive-ledger.ts'

export type Act =
  | { readonly kind: 'price'; readonly usdPerTokenE18: bigint }
  | { readonly kind: 'flip'; readonly nodeId: NodeId; readonly isUp: boolean }
  | { readonly kind: 'openAccount' }
  | { readonly kind: AmountKind; readonly accountId: AccountId; readonly amount: bigint }
  | {
      readonly kind: 'useCredit'
      readonly accountId: AccountId
      readonly amount: bigint
      readonly contractIds: readonly ContractId[]
    }
  | { readonly kind: 'refreshTier'; readonly accountId: AccountId }
  | { readonly kind: 'poke'; readonly accountId: AccountId }
  | { readonly kind: 'start'; readonly terms: ContractTerms }
  | { readonly kind: 'changeRate'; readonly contractId: ContractId; readonly rates: Rates }
  | { readonly kind: 'end'; readonly contractId: ContractId }
  | { readonly kind: 'settle'; readonly contractId: ContractId; readonly maxSteps: number }

type AmountKind = 'deposit' | 'withdraw' | 'withdrawCredit' | 'stake' | 'unstake'

/** An act and the second at which it is done. */
export interface TimedAct {
  readonly at: bigint
  readonly act: Act
}

/** Acts that may be left out, added or moved without changing what anybody pays: they only write down what has passed. */
export const isSettlement = ({ act }: TimedAct) => act.kind === 'settle' || act.kind === 'poke'

const OWNER = '0x000000000000000000000000000000000000a11e'

/** @throws {LedgerError} when the twin refuses the act. */
export function actOnTwin(ledger: Ledger, act: Act): Ledger {
  switch (act.kind) {
    case 'price':
      return setPrice(ledger, usdPerTokenE18(act.usdPerTokenE18))
    case 'flip':
      return flipNode(ledger, act.nodeId, act.isUp)
    case 'openAccount':
      return openAccount(ledger, OWNER).ledger
    case 'deposit':
      return deposit(ledger, act.accountId, act.amount)
    case 'withdraw':
      return withdraw(ledger, act.accountId, act.amount)
    case 'withdrawCredit':
      return withdrawCredit(ledger, act.accountId, act.amount)
    case 'stake':
      return stake(ledger, act.accountId, act.amount)
    case 'unstake':
      return unstake(ledger, act.accountId, act.amount)
    case 'useCredit':
      return useCredit(ledger, act.accountId, act.amount, act.contractIds)
    case 'refreshTier':
      return refreshTier(ledger, act.accountId)
    case 'poke':
      return poke(ledger, act.accountId)
    case 'start':
      return start(ledger, act.terms)
    case 'changeRate':
      return changeRate(ledger, act.contractId, act.rates)
    case 'end':
      return end(ledger, act.contractId)
    case 'settle':
      return settle(ledger, act.contractId, act.maxSteps === 0 ? 0 : Math.min(act.maxSteps, ALL_STEPS)).ledger
  }
}

/** Gives the naive ledger an act that the twin accepted. Settlements and pokes, and acts of 0, are nothing to it. */
export function actOnNaive(naive: NaiveLedger, act: Act): void {
  if ('amount' in act && act.amount === 0n) return
  switch (act.kind) {
    case 'price':
      return naive.setPrice(act.usdPerTokenE18)
    case 'flip':
      return naive.flipNode(act.nodeId, act.isUp)
    case 'openAccount':
      naive.openAccount()
      return
    case 'deposit':
      return naive.deposit(act.accountId, act.amount)
    case 'withdraw':
      return naive.withdraw(act.accountId, act.amount)
    case 'withdrawCredit':
      naive.account(act.accountId).creditUsed += act.amount
      return
    case 'stake':
      return naive.stake(act.accountId, act.amount)
    case 'unstake':
      return naive.stake(act.accountId, -act.amount)
    case 'useCredit':
      return naive.useCredit(act.accountId, act.amount)
    case 'refreshTier':
      return naive.refreshTier(act.accountId)
    case 'start':
      return naive.start(act.terms)
    case 'changeRate':
      return naive.changeRate(act.contractId, act.rates)
    case 'end':
      return naive.end(act.contractId)
    case 'poke':
    case 'settle':
      return
  }
}
