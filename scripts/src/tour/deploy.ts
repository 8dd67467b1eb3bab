import {
  cancelContract,
  openSignedContract,
  readContractStatus,
  readQuote,
  readToken,
  signMessage,
  type RegisteredNode,
} from '@grid/chain-client'
import { ACTIONS, bytes, MIB, type AccountId, type ContractId, type Hex } from '@grid/model'
import { hashManifest, manifestResources, parseManifest } from '@grid/node-oracle/manifest/index'
import type Docker from 'dockerode'
import { randomBytes, toBigInt, ZeroHash } from 'ethers'

import { engineOf, loadWebImage } from '../devnet/engine.ts'
import { freePort } from '../devnet/ports.ts'
import type { Scene } from './scene.ts'
import { waitFor } from './waiting.ts'
import { fetchPage, postJson } from './workload.ts'

export interface Deployed {
  readonly contractId: ContractId
  readonly url: string
  readonly engine: Docker
  readonly containerId: string
  readonly msFromSignature: number
  /** From handing the manifest to the node, its contract being open and its image there. */
  readonly msFromManifest: number
  readonly facts: Readonly<Record<string, unknown>>
  cancel(): Promise<Readonly<Record<string, unknown>>>
}

/** For tests and figures: what to do once the node has accepted, and a finer way to wait for the page. */
export interface DeployHooks {
  readonly onAccepted?: () => void
  readonly untilPage?: (url: string) => Promise<void>
}

const HOUR_SECONDS = 3600n
const DAY_SECONDS = 86_400n
const MAX_TOTAL = 1000n * 10n ** 18n

const manifestText = (image: string, hostPort: number) => `
name: web
description: one page, from the tour
image: ${image}
cpu: 1
memoryMiB: 256
ssdMiB: 512
ports: ["${hostPort}:8080"]
`

/** The container of a contract, as the engine knows it; null while there is none. */
export async function containerOf(engine: Docker, contractId: ContractId): Promise<Docker.ContainerInfo | null> {
  const filters = { label: [`grid.contract=${contractId}`] }
  return (await engine.listContainers({ all: true, filters }))[0] ?? null
}

/** Writes a manifest, signs the IT contract with the user's wallet, lets somebody else send it, and waits for the page. */
export async function deployWebPage(
  scene: Scene,
  { accountId, node }: { accountId: AccountId; node: RegisteredNode },
  { onAccepted, untilPage }: DeployHooks = {},
): Promise<Deployed> {
  const { narrator, wallets, client, devnet, nodeUrl } = scene
  const { stateDir } = devnet.config
  const image = await loadWebImage(stateDir)
  const engine = await engineOf(stateDir)
  const hostPort = await freePort()
  const deployment = parseManifest(manifestText(image.id, hostPort), { owner: wallets.user.address as Hex })
  await postJson(`${nodeUrl}/v1/validate`, { deployment })
  const manifestHash = hashManifest(deployment)
  const size = manifestResources(deployment)
  const taken = {
    cru: BigInt(size.vcpu),
    mruBytes: bytes(BigInt(size.memoryMiB) * MIB),
    sruBytes: bytes(size.ssdMiB * MIB),
    hruBytes: bytes(size.hddMiB * MIB),
  }
  const quote = await readQuote(client, { nodeId: node.nodeId, taken, publicIPv4: 0 })
  const now = BigInt((await client.provider.getBlock('latest'))!.timestamp)
  const offer = {
    action: ACTIONS.ITContract,
    customer: wallets.user.address as Hex,
    account: accountId,
    nodeId: node.nodeId,
    workload: 'container/web',
    vcpu: size.vcpu,
    memoryMiB: size.memoryMiB,
    ssdMiB: size.ssdMiB,
    hddMiB: size.hddMiB,
    publicIPv4: 0,
    token: (await readToken(client)).address,
    maxUsdPerHour: quote.rate * HOUR_SECONDS,
    maxTotal: MAX_TOTAL,
    startsNoLaterThan: now + HOUR_SECONDS,
    endsAt: now + 30n * DAY_SECONDS,
    manifestHash,
    termsHash: ZeroHash as Hex,
    solutionProviderId: 0,
    nonce: toBigInt(randomBytes(16)),
    signatureExpires: now + HOUR_SECONDS,
  }
  const signedAt = performance.now()
  const signature = await signMessage(wallets.user, 'ITContract', offer, client.deployment)
  const opened = narrator.sent('openSigned', await openSignedContract(scene.as('keeper'), { offer, signature }))
  const { contractId } = opened.event
  narrator.tell(
    'contract',
    `The user signed an IT contract for 1 vCPU, 256 MiB, 512 MiB SSD on node ${node.nodeId}; the keeper sent it, it is contract ${contractId}.`,
    { contractId, rateUsdE18PerSecond: quote.rate, manifestHash, transaction: opened.hash },
  )

  const handedOverAt = performance.now()
  await postJson(`${nodeUrl}/v1/deployments`, { contractId: String(contractId), deployment })
  onAccepted?.()
  const url = `http://127.0.0.1:${hostPort}/`
  await untilPage?.(url)
  const page = await waitFor(
    'the page',
    () => fetchPage(url),
    ({ status }) => status === 200,
    60,
  )
  const msFromSignature = performance.now() - signedAt
  const msFromManifest = performance.now() - handedOverAt
  const secondsToPage = msFromSignature / 1000
  const container = await waitFor(
    'the container',
    () => containerOf(engine, contractId),
    (found) => found !== null,
  )
  const inspected = await engine.getContainer(container!.Id).inspect()
  narrator.tell(
    'workload',
    `The node checked the manifest's hash and runs container ${inspected.Id.slice(0, 12)}; ${url} answers ${page.status}, ${secondsToPage.toFixed(1)} s after the signature.`,
    { containerId: inspected.Id, url, httpStatus: page.status, secondsToPage: secondsToPage.toFixed(3) },
  )
  return {
    contractId,
    url,
    engine,
    containerId: inspected.Id,
    msFromSignature,
    msFromManifest,
    facts: {
      contractId,
      accountId,
      manifestHash,
      imageId: image.id,
      containerId: inspected.Id,
      memoryLimitBytes: inspected.HostConfig.Memory,
      nanoCpus: inspected.HostConfig.NanoCpus,
      url,
      httpStatus: page.status,
      secondsToPage: secondsToPage.toFixed(3),
      transaction: opened.hash,
    },
    cancel: async () => {
      const closed = narrator.sent('cancel', await cancelContract(scene.as('user'), contractId))
      await waitFor(
        'the container being removed',
        () => containerOf(engine, contractId),
        (found) => found === null,
        60,
      )
      const status = await readContractStatus(client, contractId)
      narrator.tell('cancel', `The user cancelled contract ${contractId}; the node removed the container.`, { status })
      return { contractId, status, transaction: closed.hash }
    },
  }
}
