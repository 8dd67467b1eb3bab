import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { parseManifest } from '../manifest/index.ts'
import { NewerStateError } from './database.ts'
import { Store } from './store.ts'
import { NO_HASH, transitionHash } from './transition.ts'

const OWNER = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'
const deployment = parseManifest(`name: web\nimage: nginx\ncpu: 1\nmemoryMiB: 256\nssdMiB: 500\n`, { owner: OWNER })
const id = { contractId: 2n ** 60n, workload: 'web', version: 0 }

describe('Store', () => {
  let folder: string
  let store: Store
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'grid-store-'))
    store = new Store(join(folder, 'node.sqlite'), () => 1234)
    store.transaction(() => store.accept(id.contractId, deployment))
  })
  afterEach(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })

  it('remembers a deployment over a restart, ids beyond 2^53 included', () => {
    store.close()
    store = new Store(join(folder, 'node.sqlite'))
    expect(store.contracts()).to.deep.equal([
      {
        contractId: 2n ** 60n,
        version: 0,
        owner: OWNER,
        wish: 'running',
        wishedSince: 1234,
        endReads: 0,
        status: 'active',
      },
    ])
    expect(store.deployment(id.contractId)).to.deep.equal(deployment)
    expect(store.desired()[0]).to.deep.include({ state: 'init', restart: { policy: 'always' }, hasHealthCheck: false })
  })

  it('takes nothing in when the transaction fails', () => {
    expect(() =>
      store.transaction(() => {
        store.accept(5n, deployment)
        throw new Error('power')
      }),
    ).to.throw('power')
    expect(store.contract(5n)).to.equal(undefined)
    expect(store.transitions(5n)).to.deep.equal([])
  })

  it('chains each change of state to the one before', () => {
    store.update(id, { state: 'pulling' })
    store.update(id, { reason: 'no change of state' })
    store.update(id, { state: 'ok' })
    const transitions = store.transitions(id.contractId)
    expect(transitions.map(({ from, to, seq }) => `${seq} ${from} ${to}`)).to.deep.equal([
      '1 init init',
      '2 init pulling',
      '3 pulling ok',
    ])
    transitions.forEach((transition, index) => {
      expect(transition.prevHash).to.equal(transitions[index - 1]?.hash ?? NO_HASH)
      expect(transition.hash).to.equal(transitionHash(transition))
    })
    expect(store.lastTransitionHash(id.contractId)).to.equal(transitions[2]?.hash)
    expect(store.transitions(id.contractId, 2)).to.have.length(1)
  })

  it('lets nobody rewrite history: neither by update, delete nor replace', () => {
    for (const sql of [
      "UPDATE transitions SET reason = 'better'",
      'DELETE FROM transitions',
      "INSERT OR REPLACE INTO transitions SELECT contract_id, seq, version, workload, from_state, to_state, 'better', attempt, at, prev_hash, hash FROM transitions",
    ]) {
      expect(() => store.database.exec(sql), sql).to.throw('append-only')
    }
  })

  it('counts only reads in a row that agree, and any other answer sets the count back', () => {
    expect(store.countEndRead(id.contractId, 'closed')).to.equal(1)
    expect(store.countEndRead(id.contractId, 'closed')).to.equal(2)
    expect(store.countEndRead(id.contractId, 'expired')).to.equal(1)
    store.setWish(id.contractId, 'running', 'active')
    expect(store.countEndRead(id.contractId, 'expired')).to.equal(1)
  })

  it('error: NewerStateError', () => {
    const path = join(folder, 'newer.sqlite')
    const newer = new DatabaseSync(path)
    newer.exec('PRAGMA user_version=99')
    newer.close()
    expect(() => new Store(path)).to.throw(NewerStateError)
  })
})
