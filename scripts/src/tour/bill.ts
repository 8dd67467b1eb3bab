import { settle } from '@grid/chain-client'
import { GridError } from '@grid/model'

import type { Deployed } from './deploy.ts'
import type { Scene } from './story.ts'
import { waitFor } from './waiting.ts'
import { fetchPage, getJson } from './workload.ts'

const PAGE_LOADS = 25

interface UsageList {
  readonly reports: readonly { readonly contractId: string; readonly seq: string; readonly publicTxBytes: string }[]
}

/** Uses the workload, waits for the node's signed counters, settles the bill and checks its sums to the unit. */
export async function settleAndShare(scene: Scene, { contractId, url }: Deployed) {
  const { narrator, tokens, oracleUrl, client } = scene
  for (let load = 0; load < PAGE_LOADS; load += 1) await fetchPage(url)
  const nodeId = 1
  const usage = await waitFor(
    'a usage report',
    async () => {
      const { reports } = (await getJson(`${oracleUrl}/v1/nodes/${nodeId}/usage`)) as UsageList
      return reports.filter((report) => report.contractId === String(contractId)).at(-1)
    },
    (report) => report !== undefined && BigInt(report.publicTxBytes) > 0n,
    90,
  )
  narrator.tell(
    'usage',
    `After ${PAGE_LOADS} page loads the kernel counted ${usage!.publicTxBytes} bytes sent; the oracle holds the node's signed report ${usage!.seq}.`,
    { ...usage },
  )
  const done = narrator.sent('settle', await settle(scene.as('keeper'), contractId))
  const bill = done.event
  if (bill?.shares == null) throw new GridError(`Settling contract ${contractId} shared nothing.`, { contractId })
  const { farmer, foundation, stakingPool, burn } = bill.shares
  const sum = farmer + foundation + stakingPool + burn
  if (sum !== bill.earned || bill.earned + bill.refund !== bill.gross) {
    throw new GridError(`Shares sum to ${sum}, earned ${bill.earned}, refund ${bill.refund}, gross ${bill.gross}.`)
  }
  narrator.tell(
    'bill',
    `The bill: ${tokens(bill.gross)}, of which the farmer has ${tokens(farmer)}, the foundation ${tokens(foundation)}, the staking pool ${tokens(stakingPool)}: to the unit.`,
    { gross: bill.gross, earned: bill.earned, refund: bill.refund, farmer, foundation, stakingPool, burn },
  )
  const owed = await client.contracts.RevenueSplits.totalOwed()
  return {
    contractId,
    gross: bill.gross,
    earned: bill.earned,
    refund: bill.refund,
    shares: { farmer, foundation, stakingPool, burn },
    sumOfShares: sum,
    owedToEarners: owed,
    usage,
    transaction: done.hash,
  }
}
