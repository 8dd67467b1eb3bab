import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Joining, NotEnoughGasError, signerOfMessage } from '@grid/chain-client'
import { ACTIONS, bytes, type Hex } from '@grid/model'
import { expect } from 'chai'
import { Wallet } from 'ethers'
import { Store } from '../engine/store.ts'
import { NODE_ID, scriptedChain, writeScript } from '../testing/scripted-chain.ts'
import {
  ChainForgotNodeError,
  InvalidInviteError,
  parseInvite,
  register,
  type RegistrationOptions,
} from './registration.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

describe('register', () => {
  const signer = new Wallet(`0x${'11'.repeat(32)}`)
  const scope = { chainId: 31337, contracts: { NodeRegistry: `0x${'11'.repeat(20)}` as Hex } }
  const declared = { cru: 2n, mruBytes: bytes(2n ** 32n), sruBytes: bytes(2n ** 38n), hruBytes: bytes(0n) }
  let folder: string
  let store: Store
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'grid-register-'))
    store = new Store(join(folder, 'node.sqlite'))
  })
  afterEach(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })

  const invitePath = () => join(folder, 'invite.json')
  const writeInvite = () => {
    const invite = {
      action: ACTIONS.FarmInvite,
      farmId: 1,
      node: signer.address,
      nonce: '5',
      signatureExpires: '99999999999',
    }
    writeFileSync(invitePath(), JSON.stringify({ invite, signature: '0x12' }))
  }
  const isKnown = (nodeKey: Hex) => writeScript(join(folder, 'chain.json'), { nodeKey, contracts: {} })
  const options = (change: Partial<RegistrationOptions['chain']> = {}): RegistrationOptions => ({
    chain: { ...scriptedChain(join(folder, 'chain.json')), ...change },
    ...{
      store,
      signer,
      scope,
      stateDir: folder,
      invitePath: invitePath(),
      declared,
      endpoint: 'http://n',
      hardwareHash: `0x${'0'.repeat(64)}`,
    },
    ...{ log: silent, pollMs: 10, signal: AbortSignal.timeout(5000) },
  })

  it('is done at once for a node that the registry knows', async () => {
    isKnown(signer.address as Hex)
    expect(await register(options())).to.equal(NODE_ID)
    expect(store.meta('node-id')).to.equal(String(NODE_ID))
  })

  it("waits for the farmer's invite, signs its own part and sends both", async () => {
    isKnown('0x00')
    const sent: Joining[] = []
    const join = async (joining: Joining) => {
      sent.push(joining)
      isKnown(signer.address as Hex)
      return NODE_ID
    }
    setTimeout(writeInvite, 50)
    expect(await register(options({ join }))).to.equal(NODE_ID)
    expect(sent[0]?.invite.nonce).to.equal(5n)
    expect(sent[0]?.node).to.deep.include({ farmId: 1, cru: 2, endpoint: 'http://n' })
    expect(signerOfMessage('NodeJoin', sent[0]!.node, sent[0]!.nodeSignature, scope)).to.equal(signer.address)
  })

  it('leaves the signed joining for a relayer when it cannot pay for gas', async () => {
    isKnown('0x00')
    writeInvite()
    const join = async () => {
      setTimeout(() => isKnown(signer.address as Hex), 50)
      throw new NotEnoughGasError(signer.address)
    }
    expect(await register(options({ join }))).to.equal(NODE_ID)
    expect(existsSync(`${folder}/join.json`)).to.equal(true)
    expect(JSON.parse(readFileSync(`${folder}/join.json`, 'utf8'))).to.have.keys(
      'invite',
      'farmerSignature',
      'node',
      'nodeSignature',
    )
  })

  it('declares anew what has changed by more than a hundredth', async () => {
    isKnown(signer.address as Hex)
    const updates: string[] = []
    const node = { ...(await options().chain.node(NODE_ID)), endpoint: 'http://n', declared }
    const nodeOf = (mruBytes: bigint) => ({
      node: async () => ({ ...node, declared: { ...declared, mruBytes: bytes(mruBytes) } }),
      update: async () => void updates.push('update'),
    })
    await register(options(nodeOf(2n ** 32n + 1000n)))
    expect(updates).to.deep.equal([])
    await register(options(nodeOf(2n ** 33n)))
    expect(updates).to.deep.equal(['update'])
  })

  it('error: ChainForgotNodeError', async () => {
    isKnown('0x00')
    store.setMeta('node-id', '3')
    expect(await register(options()).catch((error: unknown) => error)).to.be.instanceOf(ChainForgotNodeError)
  })

  it('error: InvalidInviteError, naming the field', () => {
    expect(() => parseInvite('{', 'f')).to.throw(InvalidInviteError)
    expect(() => parseInvite('{"invite":{"action":"x"},"signature":"0x"}', 'f')).to.throw(InvalidInviteError, 'action')
  })
})
