import { GridError, type GridDeployment, type Hex } from '@grid/model'
import { expect } from 'chai'
import { Wallet } from 'ethers'

import { startAnvil, type Anvil } from '../testing/anvil.ts'
import { deployForTest } from '../testing/deploy.ts'
import { failureOf } from '../testing/failure.ts'
import { MissingContractError, NoSignerError, connect, withSigner, type GridClient } from './client.ts'
import { parseDeployment, loadDeployment, InvalidDeploymentError } from './deployment.ts'
import {
  ContractRevertError,
  NoContractError,
  NotEnoughGasError,
  RpcUnavailableError,
  WrongChainError,
} from './errors.ts'
import { UnknownFarmError, createFarm, findFarm, readFarm, setFarmPayout } from './farms.ts'
import { collectEvents, scanEvents } from './scan.ts'
import { sendTransaction, TransactionPendingError, waitForReceipt } from './transaction.ts'

const PAYOUT = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8' as Hex

describe('farms on a chain', () => {
  let anvil: Anvil
  let deployment: GridDeployment
  let client: GridClient
  let farmer: Wallet

  before(async () => {
    anvil = await startAnvil()
    deployment = await deployForTest(anvil, { FarmRegistry: () => [] })
    farmer = new Wallet(anvil.keys[1] as string)
    client = await connect({ deployment, signer: farmer })
  })
  after(async () => {
    client.provider.destroy()
    await anvil.stop()
  })

  it('creates a farm, reads it back, finds it by name, and moves its payout', async () => {
    const hashes: string[] = []
    const created = await createFarm(
      client,
      { name: 'alpha', payout: PAYOUT },
      { onHash: (hash) => void hashes.push(hash) },
    )
    expect(created.event).to.deep.equal({ farmId: 1, owner: farmer.address, payout: PAYOUT, name: 'alpha' })
    expect(hashes).to.deep.equal([created.hash])
    expect(await findFarm(client, 'alpha')).to.equal(1)
    expect(await findFarm(client, 'nobody')).to.equal(null)

    const moved = await setFarmPayout(client, { farmId: 1, payout: farmer.address as Hex })
    expect(moved.event).to.deep.equal({ farmId: 1, payout: farmer.address })
    expect(await readFarm(client, 1)).to.deep.equal({
      farmId: 1,
      name: 'alpha',
      owner: farmer.address,
      payout: farmer.address,
    })
    const before = await readFarm(client, 1, { block: created.blockNumber })
    expect(before.payout).to.equal(PAYOUT)
  })

  it('gives one sender’s transactions their nonces in turn', async () => {
    const names = ['one-0', 'one-1', 'one-2', 'one-3', 'one-4', 'one-5']
    const created = await Promise.all(names.map((name) => createFarm(client, { name, payout: PAYOUT })))
    expect(created.map(({ event }) => event.name)).to.deep.equal(names)
    expect(new Set(created.map(({ hash }) => hash)).size).to.equal(names.length)
  })

  it('scans events page by page, and goes on where it stopped', async () => {
    const { FarmRegistry } = client.contracts
    const event = FarmRegistry.getEvent('FarmCreated')
    const all = await collectEvents(client, FarmRegistry, event, { fromBlock: 0 })
    const seen: string[] = []
    let next = 0
    for await (const page of scanEvents(client, FarmRegistry, event, { fromBlock: 0, pageBlocks: 2 })) {
      seen.push(...page.events.map(({ args }) => args.name))
      next = page.toBlock + 1
      if (seen.length >= 2) break
    }
    for await (const page of scanEvents(client, FarmRegistry, event, { fromBlock: next, pageBlocks: 2 })) {
      seen.push(...page.events.map(({ args }) => args.name))
    }
    expect(seen).to.deep.equal(all.map(({ args }) => args.name))
  })

  it('error: ContractRevertError names the refusal, its values and what to do', async () => {
    const error = await failureOf(createFarm(client, { name: 'alpha', payout: PAYOUT }))
    expect(error).to.be.instanceOf(ContractRevertError)
    const { errorName, args, message } = error as ContractRevertError
    expect(errorName).to.equal('FarmRegistry_NameTaken')
    expect(args).to.deep.equal({ name: 'alpha', farmId: 1n })
    expect(message).to.equal('FarmRegistry refused: name taken (name: alpha, farmId: 1). Choose another name.')
  })

  it('error: a mined revert is decoded too', async () => {
    const stranger = withSigner(client, new Wallet(anvil.keys[2] as string))
    const { FarmRegistry } = client.contracts
    const data = FarmRegistry.interface.encodeFunctionData('setPayout', [1, PAYOUT])
    const sent = await stranger.signer!.sendTransaction({
      to: deployment.contracts['FarmRegistry']!,
      data,
      gasLimit: 200_000n,
    })
    const error = await failureOf(waitForReceipt(stranger, sent.hash as Hex))
    expect(error).to.be.instanceOf(ContractRevertError)
    expect((error as ContractRevertError).errorName).to.equal('FarmRegistry_NotOwner')
    expect((error as ContractRevertError).fields['transactionHash']).to.equal(sent.hash)
  })

  it('error: UnknownFarmError', async () => {
    expect(await failureOf(readFarm(client, 999))).to.be.instanceOf(UnknownFarmError)
    expect(await failureOf(readFarm(client, 0))).to.be.instanceOf(UnknownFarmError)
  })

  it('error: WrongChainError says both chains', async () => {
    const error = await failureOf(connect({ deployment: { ...deployment, chainId: 1 } }))
    expect(error).to.be.instanceOf(WrongChainError)
    expect((error as Error).message)
      .to.include('chain 31337')
      .and.to.include('chain 1.')
  })

  it('error: NotEnoughGasError when the sender has no coin', async () => {
    const poor = withSigner(client, Wallet.createRandom())
    expect(await failureOf(createFarm(poor, { name: 'poor-farm', payout: PAYOUT }))).to.be.instanceOf(NotEnoughGasError)
  })

  it('error: NoSignerError, MissingContractError, NoContractError', async () => {
    const reader = await connect({ deployment })
    expect(await failureOf(createFarm(reader, { name: 'no-signer', payout: PAYOUT }))).to.be.instanceOf(NoSignerError)
    expect(() => reader.contracts.GridLedger).to.throw(MissingContractError, 'names no GridLedger')
    reader.provider.destroy()
    const wrong = await connect({ deployment: { ...deployment, contracts: { FarmRegistry: PAYOUT } } })
    expect(await failureOf(readFarm(wrong, 1))).to.be.instanceOf(NoContractError)
    wrong.provider.destroy()
  })

  it('error: RpcUnavailableError when the endpoint is gone', async () => {
    const gone = await startAnvil()
    const lost = await connect({ deployment: { ...deployment, rpcUrl: gone.rpcUrl } })
    await gone.stop()
    expect(await failureOf(readFarm(lost, 1))).to.be.instanceOf(RpcUnavailableError)
    expect(await failureOf(connect({ deployment, rpcUrl: gone.rpcUrl }))).to.be.instanceOf(RpcUnavailableError)
    lost.provider.destroy()
  })

  it('goes on with the same connection when the endpoint is back', async () => {
    const first = await startAnvil()
    const held = await connect({ deployment: await deployForTest(first, { FarmRegistry: () => [] }) })
    await first.stop()
    expect(await failureOf(readFarm(held, 1))).to.be.instanceOf(RpcUnavailableError)
    const again = await startAnvil({ port: Number(new URL(first.rpcUrl).port) })
    await deployForTest(again, { FarmRegistry: () => [] })
    expect(await failureOf(readFarm(held, 1)), 'an answer again').to.be.instanceOf(UnknownFarmError)
    held.provider.destroy()
    await again.stop()
  })

  it('error: TransactionPendingError when no block comes', async () => {
    await client.provider.send('evm_setAutomine', [false])
    try {
      const { FarmRegistry } = client.contracts
      const data = FarmRegistry.interface.encodeFunctionData('create', ['later', PAYOUT]) as Hex
      const call = { to: deployment.contracts['FarmRegistry']!, data, value: 0n }
      const error = await failureOf(sendTransaction(client, call, { timeoutMs: 150 }))
      expect(error).to.be.instanceOf(TransactionPendingError)
      await client.provider.send('evm_mine', [])
      const receipt = await waitForReceipt(client, (error as TransactionPendingError).transactionHash)
      expect(receipt.status).to.equal(1)
    } finally {
      await client.provider.send('evm_setAutomine', [true])
    }
  })
})

describe('a deployment file', () => {
  const good = {
    schemaVersion: 1,
    name: 'test',
    chainId: 31337,
    rpcUrl: 'http://127.0.0.1:8545',
    startBlock: 0,
    contracts: { GridToken: PAYOUT },
  }

  it('is parsed once, addresses with their checksum', () => {
    const lower = { ...good, contracts: { GridToken: PAYOUT.toLowerCase() } }
    expect(parseDeployment(lower, 'x.json')).to.deep.equal(good)
  })

  for (const [what, value] of Object.entries({
    'a wrong version': { ...good, schemaVersion: 2 },
    'a wrong address': { ...good, contracts: { GridToken: '0x1234' } },
    'a wrong checksum': { ...good, contracts: { GridToken: PAYOUT.replace('C5', 'c5') } },
    'no chain id': { ...good, chainId: undefined },
    'a URL of another kind': { ...good, rpcUrl: 'file:///etc/passwd' },
  })) {
    it(`error: InvalidDeploymentError for ${what}`, () => {
      expect(() => parseDeployment(value, 'x.json')).to.throw(InvalidDeploymentError, 'x.json')
    })
  }

  it('error: InvalidDeploymentError for a missing file', async () => {
    const error = await failureOf(loadDeployment('/nonexistent/deployment.json'))
    expect(error).to.be.instanceOf(InvalidDeploymentError).and.to.be.instanceOf(GridError)
  })
})
