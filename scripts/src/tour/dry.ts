import { depositWithPermit, readAccount, readContractStatus, signPermit, withdraw } from '@grid/chain-client'
import { tokenUnits, type AccountId, type Hex } from '@grid/model'

import type { Deployed } from './deploy.ts'
import type { Scene } from './scene.ts'
import { waitFor } from './waiting.ts'
import { fetchPage } from './workload.ts'

/** What the user leaves in the account: enough for some seconds. */
const SECONDS_LEFT = 4n
const TOP_UP = 200n * 10n ** 18n

/** Tokens that all contracts of the account burn a second, at the present price, rounded up. */
async function burnPerSecond({ client }: Scene, rate: bigint): Promise<bigint> {
  const [usdPerTokenE18] = await client.contracts.PriceFeed.price()
  return (rate * 10n ** 18n) / usdPerTokenE18 + 1n
}

const answers = (url: string) =>
  fetchPage(url, 1000).then(
    ({ status }) => status === 200,
    () => false,
  )

/** The user takes nearly all funds out and runs dry: the workload pauses; a top-up resumes it. */
export async function runDryAndResume(
  scene: Scene,
  { accountId, deployed }: { accountId: AccountId; deployed: Deployed },
) {
  const { narrator, client, wallets, tokens } = scene
  const user = scene.as('user')
  const before = await readAccount(client, accountId)
  const keep = (await burnPerSecond(scene, before.rate)) * SECONDS_LEFT
  const amount = tokenUnits(before.funds - keep)
  const taken = narrator.sent('withdraw', await withdraw(user, { accountId, amount, to: wallets.user.address as Hex }))
  await waitFor(
    'grace',
    () => readContractStatus(client, deployed.contractId),
    (status) => status === 'grace',
    60,
  )
  const container = deployed.engine.getContainer(deployed.containerId)
  await waitFor(
    'the pause',
    async () => (await container.inspect()).State.Paused,
    (isPaused) => isPaused,
    60,
  )
  const answeredWhilePaused = await answers(deployed.url)
  const dry = await readAccount(client, accountId)
  narrator.tell(
    'dry',
    `The account ran dry: contract ${deployed.contractId} is in grace, the container is paused, the page ${answeredWhilePaused ? 'still answers' : 'does not answer'}; the reserve of ${tokens(dry.reserve)} pays for the disk.`,
    { withdrawn: amount, reserve: dry.reserve, isPaused: true, answeredWhilePaused, transaction: taken.hash },
  )

  const permit = await signPermit(user, { amount: tokenUnits(TOP_UP) })
  const topUp = narrator.sent('depositWithPermit', await depositWithPermit(user, { accountId, permit }))
  await waitFor(
    'the resume',
    async () => (await container.inspect()).State.Paused,
    (isPaused) => !isPaused,
    60,
  )
  const page = await waitFor(
    'the page',
    () => fetchPage(deployed.url),
    ({ status }) => status === 200,
    30,
  )
  const after = await readAccount(client, accountId)
  narrator.tell(
    'resume',
    `A top-up of ${tokens(TOP_UP)} resumed it: the same container answers ${page.status} again.`,
    { state: after.state, funds: after.funds, httpStatus: page.status, transaction: topUp.hash },
  )
  return {
    withdrawn: amount,
    stateWhileDry: dry.state,
    reserveWhileDry: dry.reserve,
    answeredWhilePaused,
    topUp: TOP_UP,
    stateAfter: after.state,
    httpStatusAfter: page.status,
    containerId: deployed.containerId,
  }
}
