import type { Act } from '@grid/billing/reference/act'

import type { LedgerChain, Outcome } from '../chain/ledger-chain.ts'

/** The same act as a transaction, in a block of that second. */
export function actOnChain(chain: LedgerChain, at: bigint, act: Act): Promise<Outcome> {
  const [name, args] = callOf(act, chain.owner)
  return chain.send(at, name, args)
}

function callOf(act: Act, owner: string): [name: string, args: readonly unknown[]] {
  switch (act.kind) {
    case 'price':
      return ['setPrice', [act.usdPerTokenE18]]
    case 'flip':
      return ['flipNode', [act.nodeId, act.isUp]]
    case 'openAccount':
      return ['openAccount', [owner]]
    case 'deposit':
    case 'stake':
      return [act.kind, [act.accountId, act.amount]]
    case 'withdraw':
    case 'withdrawCredit':
    case 'unstake':
      return [act.kind, [act.accountId, act.amount, owner]]
    case 'useCredit':
      return ['useCredit', [act.accountId, act.amount, act.contractIds]]
    case 'refreshTier':
    case 'poke':
      return [act.kind, [act.accountId]]
    case 'start':
      return ['start', [act.terms.contractId, act.terms]]
    case 'changeRate':
      return ['changeRate', [act.contractId, act.rates.rate, act.rates.extraFeeRate, act.rates.parkedRate]]
    case 'end':
      return ['end', [act.contractId]]
    case 'settle':
      return ['settle', [act.contractId, act.maxSteps]]
  }
}
