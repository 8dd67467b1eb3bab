import { readFile } from 'node:fs/promises'

import {
  digestOf,
  openContract,
  openContractCall,
  openSignedContract,
  openSignedContractCall,
  readAccount,
  readAccountIdsOf,
  readContract,
  readNode,
  readPrice,
  readQuote,
  signMessage,
  simulate,
  type Account,
  type ContractOpened,
  type Done,
  type ItContract,
} from '@grid/chain-client'
import { GridError, type AccountId, type ContractId, type Hex, type NodeId } from '@grid/model'
import { hashManifest, manifestResources, parseManifest, type Deployment } from '@grid/node-oracle/manifest/index'
import { parseUnits } from 'ethers'

import { isSending, sendOptions, transactionOf } from '../cli/act.ts'
import { confirm } from '../cli/confirm.ts'
import { UsageError } from '../cli/errors.ts'
import { address, signingCommand, span, uint32, uint64, type SigningFlags } from '../cli/flags.ts'
import { amountOf, parseTokens, tokens } from '../cli/format.ts'
import { perform, performOffline, type Outcome } from '../cli/outcome.ts'
import { actingSession, deploymentFileOf, signerOfFlags, type Session, type SigningSession } from '../cli/session.ts'
import { plainText } from '../cli/text.ts'
import { chooseNode, type Chosen } from '../deploy/choose-node.ts'
import { handOver } from '../deploy/hand-over.ts'
import { makeOffer, quoteText, quoteValue, signedText, takenOf, type OfferInputs } from '../deploy/offer.ts'

type DeployFlags = SigningFlags & {
  readonly owner?: Hex
  readonly account?: AccountId
  readonly node?: NodeId
  readonly contract?: ContractId
  readonly hash?: true
  readonly validate?: true
  readonly plain?: true
  readonly detach?: true
  readonly for: bigint
  readonly validFor: bigint
  readonly maxTotal?: string
  readonly maxUsdPerHour?: string
}

/** `grid deploy FILE`: from a file to an address that answers. */
export function createCommand() {
  return signingCommand(
    'deploy',
    'run a workload: price, runway and what you sign first, then the workload with --send',
  )
    .argument('<file>', 'web.yaml, or a deployment in JSON')
    .option('--account <id>', 'which account pays; your only one unless told', uint32)
    .option('--node <id>', 'where; the emptiest node that fits unless told', uint32)
    .option('--for <span>', 'how long it may run: 12h, 30d', span, 30n * 86_400n)
    .option('--max-total <tokens>', 'most tokens it may ever cost')
    .option('--max-usd-per-hour <usd>', 'cap on the rate')
    .option('--valid-for <span>', 'how long your signature holds', span, 3600n)
    .option('--plain', 'open by a plain transaction instead of a signed message')
    .option('--detach', 'do not wait until it runs')
    .option('--contract <id>', 'hand the file over to a contract that is open already', uint64)
    .option('--hash', 'only print the hash that the contract would name')
    .option('--validate', 'only ask the node whether it would take it')
    .option('--owner <address>', 'with --hash: whose it is, when no key is named', address)
    .addHelpText(
      'after',
      `
Examples:
  $ grid deploy web.yaml --as user             price, runway, and every field that you would sign
  $ grid deploy web.yaml --as user --send      sign, open the contract, run it, print its address

web.yaml:
  name: web
  image: docker.io/library/nginx:1.27
  cpu: 1
  memoryMiB: 512
  ssdMiB: 1024
  ports: ["8080:80"]`,
    )
    .action((file, flags) => {
      if (flags.hash === true) return performOffline(flags, () => printHash(flags, file))
      return perform(flags, (session) => deploy(session, flags, file))
    })
}

async function deploy(base: Session, flags: DeployFlags, file: string): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const deployment = await readManifest(file, session.address)
  if (flags.contract !== undefined) return resume(session, deployment, flags.contract)
  const taken = takenOf(manifestResources(deployment))
  const chosen = await chooseNode(session.client, {
    deployment,
    taken,
    ...(flags.node !== undefined && { nodeId: flags.node }),
  })
  if (flags.validate === true) return validOutcome(chosen)
  const inputs = await offerInputs(session, { flags, deployment, chosen })
  return open(session, { flags, deployment, chosen, inputs })
}

interface Plan {
  readonly flags: DeployFlags
  readonly deployment: Deployment
  readonly chosen: Chosen
  readonly inputs: OfferInputs
}

/** Shows all that is signed, and signs and opens only when asked to. */
async function open(session: SigningSession, plan: Plan): Promise<Outcome> {
  const { client, token, say } = session
  const { flags, deployment, chosen, inputs } = plan
  const offer = makeOffer(inputs)
  const digest = digestOf('ITContract', offer, client.deployment)
  // A plain opening is refused for the same reasons: it needs no signature to be simulated.
  const { gas } = await simulate(client, openContractCall(client, offer))
  say(`${quoteText(inputs)}\n\nYou sign, in this order:\n${signedText(offer, digest, token)}\n`)
  const value = {
    nodeId: chosen.node.nodeId,
    accountId: inputs.account.accountId,
    quote: quoteValue(inputs),
    offer,
    digest,
    maxTotal: amountOf(offer.maxTotal, token),
    manifestHash: offer.manifestHash,
  }
  if (!isSending(flags)) {
    return {
      value: { sent: false, ...value, gas },
      text: `Node ${chosen.node.nodeId} would run it. Simulated: it would open with ${gas} gas. Nothing was sent; add --send to carry it out.`,
    }
  }
  await confirm(`Sign as ${session.address} and open?`, flags)
  const opened = await sendOffer(session, offer, flags.plain === true)
  const { contractId } = opened.event
  say(`contract ${contractId} is open, at most ${tokens(offer.maxTotal, token)}`)
  const running = await handOver(session, {
    contractId,
    deployment,
    node: chosen.node,
    isWaiting: flags.detach !== true,
  })
  return {
    ...running,
    value: { sent: true, contractId, ...value, transaction: transactionOf(opened), ...running.value },
  }
}

async function sendOffer(session: SigningSession, offer: ItContract, isPlain: boolean): Promise<Done<ContractOpened>> {
  const { client, signer } = session
  if (isPlain) return openContract(client, offer, sendOptions(session))
  const signature = await signMessage(signer, 'ITContract', offer, client.deployment)
  await simulate(client, openSignedContractCall(client, { offer, signature }))
  return openSignedContract(client, { offer, signature }, sendOptions(session))
}

/** The second half alone, where the first was done before. */
async function resume(session: SigningSession, deployment: Deployment, contractId: ContractId): Promise<Outcome> {
  const { client, flags } = session
  const contract = await readContract(client, contractId)
  const hash = hashManifest(deployment)
  if (contract.manifestHash !== hash) {
    throw new UsageError(
      `Contract ${contractId} names the manifest ${contract.manifestHash}, this file has ${hash}. Use the file that it was opened with.`,
    )
  }
  const node = await readNode(client, contract.nodeId)
  if (!isSending(flags)) {
    return {
      value: { sent: false, contractId, nodeId: node.nodeId },
      text: `The file is the one that contract ${contractId} names. Add --send to hand it over to node ${node.nodeId}.`,
    }
  }
  const isWaiting = (flags as DeployFlags).detach !== true
  return handOver(session, { contractId, deployment, node, isWaiting })
}

async function offerInputs(
  session: SigningSession,
  { flags, deployment, chosen }: { flags: DeployFlags; deployment: Deployment; chosen: Chosen },
): Promise<OfferInputs> {
  const { client, token } = session
  const size = manifestResources(deployment)
  const { nodeId } = chosen.node
  const [account, quote, price, block] = await Promise.all([
    payingAccount(session, flags.account),
    readQuote(client, { nodeId, taken: takenOf(size), publicIPv4: size.publicIPv4 }),
    readPrice(client),
    client.provider.getBlock('latest'),
  ])
  if (price === null) throw new GridError('There is no token price yet. Wait for the oracle, or run `grid doctor`.')
  return {
    customer: session.address,
    account,
    nodeId,
    workload: workloadOf(deployment),
    size,
    token,
    quote,
    usdPerTokenE18: price.usdPerTokenE18,
    manifestHash: hashManifest(deployment),
    now: BigInt(block?.timestamp ?? 0),
    lastsSeconds: flags.for,
    validSeconds: flags.validFor,
    ...(flags.maxTotal !== undefined && { maxTotal: parseTokens(flags.maxTotal, token) }),
    ...(flags.maxUsdPerHour !== undefined && { maxUsdPerHour: parseUsd(flags.maxUsdPerHour) }),
  }
}

/** Kind and name, as a wallet shows them. */
const workloadOf = ({ workloads }: Deployment) => `container/${workloads[0]?.name ?? 'workload'}`

async function payingAccount({ client, address: owner }: SigningSession, wanted?: AccountId): Promise<Account> {
  if (wanted !== undefined) return readAccount(client, wanted)
  const ids = await readAccountIdsOf(client, owner)
  const accounts = await Promise.all(ids.map((accountId) => readAccount(client, accountId)))
  const usable = accounts.filter(({ state }) => state !== 'expired')
  const [only] = usable
  if (only === undefined)
    throw new UsageError(`${owner} has no account. Open one: grid account open --deposit 100 --send`)
  if (usable.length > 1) {
    throw new UsageError(
      `${owner} has the accounts ${usable.map(({ accountId }) => accountId).join(', ')}: name one with --account.`,
    )
  }
  return only
}

function parseUsd(text: string): bigint {
  if (!/^\d+(\.\d{1,18})?$/.test(text)) throw new UsageError(`"${text}" is not an amount of USD such as 0.02.`)
  return parseUnits(text, 18)
}

async function readManifest(path: string, owner: Hex): Promise<Deployment> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`The file ${path} cannot be read.`, { path }, { cause })
  })
  return parseManifest(text, { owner })
}

/** Needs no chain: only whose it is. */
async function printHash(flags: DeployFlags, file: string): Promise<Outcome> {
  const owner = flags.owner ?? ((await (await signerOfFlags(flags, deploymentFileOf(flags))).getAddress()) as Hex)
  const hash = hashManifest(await readManifest(file, owner))
  return { value: { hash, owner }, text: hash }
}

const validOutcome = ({ node, validation }: Chosen): Outcome => ({
  value: { nodeId: node.nodeId, ...validation },
  text: `Node ${node.nodeId} would take it. ${Object.entries(validation.images)
    .map(
      ([name, image]) =>
        `${plainText(name)}: ${image === null ? 'the image would be fetched' : `image ${plainText(image)}`}`,
    )
    .join('; ')}`,
})
