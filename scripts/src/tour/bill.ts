import { settle } from '@grid/chain-client'
import { GridError } from '@grid/model'

import type { Deployed } from './deploy.ts'
import type { Scene } from './scene.ts'
import { waitFor } from './waiting.ts'
import { fetchPage, getJson } from './workload.ts'

const PAGE_LOADS = 25

/** The fields of a usage report that the tour tells of; integers are decimal text. */
interface UsageReport {
  readonly contractId: string
  readonly seq: string
  readonly publicTxBytes: string
  readonly cpuNs: string
}

interface UsageList {
  readonly reports: readonly { readonly report: UsageReport }[]
}

/** Uses the workload, waits for the node's signed counters, settles the bill and checks its sums to the unit. */
export async function settleAndShare(scene: Scene, { contractId, url }: Deployed) {
  const { narrator, tokens, oracleUrl } = scene
  for (let load = 0; load < PAGE_LOADS; load += 1) await fetchPage(url)
  const nodeId = 1
  const usage = await waitFor(
    'a usage report',
    async () => {
      const { reports } = (await getJson(`${oracleUrl}/v1/nodes/${nodeId}/usage`)) as UsageList
      return reports.map(({ report }) => report).find((report) => report.contractId === String(contractId))
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
  const credited = await creditedIn(scene, done.blockNumber)
  const shares = { farmer: bill.shares.farmer, ...credited }
  const sum = Object.values(shares).reduce((total, amount) => total + amount, 0n)
  if (sum !== bill.earned || bill.earned + bill.refund !== bill.gross) {
    throw new GridError(`Shares sum to ${sum}, earned ${bill.earned}, refund ${bill.refund}, gross ${bill.gross}.`)
  }
  narrator.tell(
    'bill',
    `The bill: ${tokens(bill.gross)}, of which the farmer has ${tokens(shares.farmer)}, the foundation ${tokens(shares.foundation)}, the staking pool ${tokens(shares.stakingPool)}: to the unit.`,
    { gross: bill.gross, earned: bill.earned, refund: bill.refund, ...shares },
  )
  return {
    contractId,
    gross: bill.gross,
    earned: bill.earned,
    refund: bill.refund,
    shares,
    sumOfShares: sum,
    usage,
    transaction: done.hash,
  }
}

/** What a block credited to foundation, staking pool and burn: their earnings after it, less those before. */
async function creditedIn({ client, wallets }: Scene, block: number) {
  const { RevenueSplits } = client.contracts
  const read = async (blockTag: number) => ({
    foundation: await RevenueSplits.earnings(wallets.foundation.address, { blockTag }),
    stakingPool: await RevenueSplits.earnings(wallets.pool.address, { blockTag }),
    burn: await RevenueSplits.burnable({ blockTag }),
  })
  const [before, after] = [await read(block - 1), await read(block)]
  return {
    foundation: after.foundation - before.foundation,
    stakingPool: after.stakingPool - before.stakingPool,
    burn: after.burn - before.burn,
  }
}
