import { availableParallelism, cpus, totalmem } from 'node:os'

import {
  findNode,
  openAccountWithPermit,
  readAccount,
  readFarm,
  readNode,
  readTokenBalance,
  signPermit,
} from '@grid/chain-client'
import { GridError, tokenUnits, type Hex, type NodeId } from '@grid/model'
import { waitForNode } from '../devnet/describe.ts'
import type { Devnet } from '../devnet/devnet.ts'
import { settleAndShare } from './bill.ts'
import { deployWebPage } from './deploy.ts'
import { runDryAndResume } from './dry.ts'
import { mintAndClaim } from './mint.ts'
import type { Narrator } from './narrator.ts'
import { sceneOf, type Scene } from './scene.ts'
import { voteOnPrice } from './vote.ts'
import { waitFor } from './waiting.ts'

const FIRST_DEPOSIT = 500n * 10n ** 18n

async function farmAndNode({ client, narrator, wallets, devnet }: Scene) {
  const farm = await readFarm(client, devnet.seed.farmId)
  narrator.tell('farm', `The farmer created farm ${farm.farmId} "${farm.name}"; rewards go to ${farm.payout}.`, {
    ...farm,
  })
  const key = wallets.node.address as Hex
  await waitForNode(devnet)
  const nodeId = await waitFor(
    'the node joining',
    () => findNode(client, key),
    (id) => id !== null,
    90,
  )
  const node = await readNode(client, nodeId as NodeId)
  const machine = { cpus: cpus().length, usableCpus: availableParallelism(), memoryBytes: totalmem() }
  narrator.tell(
    'node',
    `This machine joined as node ${node.nodeId}: ${node.declared.cru} threads, ${node.declared.mruBytes} bytes of memory, ${node.declared.sruBytes} bytes of SSD, ${node.declared.hruBytes} bytes of HDD. Farmer and node both signed.`,
    { nodeId: node.nodeId, farmId: node.farmId, key: node.key, declared: node.declared, machine },
  )
  return { farm, node, machine }
}

async function deposit(scene: Scene) {
  const { narrator, tokens } = scene
  const user = scene.as('user')
  const amount = tokenUnits(FIRST_DEPOSIT)
  const permit = await signPermit(user, { amount })
  const { event, hash } = narrator.sent('openAccountWithPermit', await openAccountWithPermit(user, permit))
  const account = await readAccount(user, event.accountId)
  narrator.tell(
    'deposit',
    `The user signed a permit and deposited ${tokens(event.amount)} into account ${event.accountId}, in one transaction.`,
    { accountId: event.accountId, amount: event.amount, funds: account.funds, transaction: hash },
  )
  return account.accountId
}

/** Funds, reserves and shares of the ledger never exceed the tokens it holds; supply is genesis plus what was minted. */
async function balances({ client, narrator, wallets, tokens }: Scene) {
  const { GridToken, GridLedger, RevenueSplits } = client.contracts
  const held = await readTokenBalance(client, String(GridLedger.target))
  const owedToEarners = await RevenueSplits.totalOwed()
  const supply = await GridToken.totalSupply()
  const user = await readTokenBalance(client, wallets.user.address)
  const farmer = await readTokenBalance(client, wallets.farmer.address)
  if (owedToEarners > held) throw new GridError(`The ledger owes earners ${owedToEarners} and holds ${held}.`)
  narrator.tell(
    'balances',
    `The ledger holds ${tokens(held)}; the farmer has ${tokens(farmer)}, the user ${tokens(user)}.`,
    {
      ledgerHolds: held,
      owedToEarners,
      totalSupply: supply,
      user,
      farmer,
    },
  )
  return { ledgerHolds: held, owedToEarners, totalSupply: supply, user, farmer }
}

/** Tells the whole story; returns what happened. */
export async function tellStory(devnet: Devnet, narrator: Narrator) {
  const scene = await sceneOf(devnet, narrator)
  try {
    const { farm, node, machine } = await farmAndNode(scene)
    const accountId = await deposit(scene)
    const deployed = await deployWebPage(scene, { accountId, node })
    const bill = await settleAndShare(scene, deployed)
    const dry = await runDryAndResume(scene, { accountId, deployed })
    const minting = await mintAndClaim(scene, { farmId: farm.farmId, node })
    const vote = await voteOnPrice(scene, { farmId: farm.farmId, nodeId: node.nodeId })
    const closed = await deployed.cancel()
    return {
      chain: { chainId: scene.client.deployment.chainId, contracts: scene.client.deployment.contracts },
      machine,
      farm,
      node: { nodeId: node.nodeId, key: node.key, declared: node.declared },
      accountId,
      workload: deployed.facts,
      bill,
      dry,
      minting: minting.facts,
      claim: minting.claim,
      vote,
      closed,
      balances: await balances(scene),
    }
  } finally {
    scene.client.provider.destroy()
  }
}
