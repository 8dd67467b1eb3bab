import { expect } from 'chai'
import fc from 'fast-check'
import type { ObservedWorkload, RuntimeState } from '../drivers/driver.ts'
import { backoffMs, isAtCeiling } from './backoff.ts'
import { plan, type Step } from './plan.ts'
import type { DesiredWorkload, Wish, WorkloadState } from './states.ts'

const NOW = 1_000_000
const FROZEN_MS = 3_600_000
const id = { contractId: 1n, workload: 'web', version: 0 }
const spec = { imageId: 'sha256:00', cpu: 1, memoryBytes: '1', env: {}, ports: [] }

const wanted = (change: Partial<DesiredWorkload> = {}): DesiredWorkload => ({
  ...{
    id,
    state: 'ok',
    reason: '',
    isRetryable: true,
    attempt: 0,
    nextAttemptAt: 0,
    okSince: null,
    spec,
    specHash: '0x01',
  },
  ...{ wish: 'running', wishedSince: NOW, restart: { policy: 'always' }, hasHealthCheck: false },
  ...change,
})
const seen = (state: RuntimeState, change: Partial<ObservedWorkload> = {}): ObservedWorkload => ({
  ...{ id, engineId: 'e1', specHash: '0x01', state, exitCode: 0, isOomKilled: false, startedAt: 't', pid: 1 },
  ...change,
})
const kinds = (desired: DesiredWorkload, observed?: ObservedWorkload, now = NOW) =>
  plan([desired], observed ? [observed] : [], { now, frozenMs: FROZEN_MS }).map(({ kind }) => kind)

describe('plan', () => {
  it('does nothing where desired and observed agree', () => {
    expect(kinds(wanted(), seen('running'))).to.deep.equal([])
    expect(kinds(wanted({ wish: 'paused', state: 'paused' }), seen('paused'))).to.deep.equal([])
    expect(kinds(wanted({ wish: 'deleted', state: 'deleted' }))).to.deep.equal([])
  })

  it('walks a new workload to running', () => {
    const fresh = { state: 'init', spec: null, specHash: null } as const
    expect(kinds(wanted(fresh))).to.deep.equal(['prepare'])
    expect(kinds(wanted({ state: 'pulling' }))).to.deep.equal(['create'])
    expect(kinds(wanted({ state: 'creating' }), seen('created'))).to.deep.equal(['start'])
    expect(kinds(wanted({ state: 'starting' }), seen('running'))).to.deep.equal(['confirm'])
    expect(kinds(wanted({ state: 'starting', hasHealthCheck: true }), seen('running'))).to.deep.equal([])
    expect(kinds(wanted({ state: 'creating', hasHealthCheck: true }), seen('running'))).to.deep.equal(['watch'])
  })

  it('waits for the next try', () => {
    const waiting = wanted({ state: 'restarting', nextAttemptAt: NOW + 1 })
    expect(kinds(waiting, seen('exited'))).to.deep.equal([])
    expect(kinds(waiting, seen('exited'), NOW + 1)).to.deep.equal(['start'])
    expect(kinds(waiting, undefined, NOW + 1)).to.deep.equal(['create'])
  })

  it('makes anew what is gone, replaces what drifted or is another version', () => {
    expect(kinds(wanted())).to.deep.equal(['create'])
    expect(kinds(wanted(), seen('running', { specHash: '0x02' }))).to.deep.equal(['replace'])
    expect(kinds(wanted({ id: { ...id, version: 1 } }), seen('running'))).to.deep.equal(['replace'])
  })

  it('follows the restart policy', () => {
    const exited = (exitCode: number) => seen('exited', { exitCode })
    expect(kinds(wanted(), exited(0))).to.deep.equal(['schedule'])
    expect(kinds(wanted({ restart: { policy: 'never' } }), exited(1))).to.deep.equal(['finish'])
    expect(kinds(wanted({ restart: { policy: 'on-failure', attempts: 2 } }), exited(0))).to.deep.equal(['finish'])
    expect(kinds(wanted({ restart: { policy: 'on-failure', attempts: 2 }, attempt: 1 }), exited(1))).to.deep.equal([
      'schedule',
    ])
    expect(kinds(wanted({ restart: { policy: 'on-failure', attempts: 2 }, attempt: 2 }), exited(1))).to.deep.equal([
      'finish',
    ])
    expect(kinds(wanted({ state: 'finished' }), exited(0))).to.deep.equal([])
  })

  it('starts an unhealthy one again, and leaves a fatal error to its owner', () => {
    expect(kinds(wanted({ state: 'unhealthy' }), seen('running'))).to.deep.equal(['recycle'])
    expect(kinds(wanted({ state: 'error', isRetryable: false, spec: null }))).to.deep.equal([])
  })

  it('freezes in grace, stops after its time frozen, resumes with money', () => {
    const paused = { wish: 'paused', state: 'paused' } as const
    expect(kinds(wanted({ wish: 'paused' }), seen('running'))).to.deep.equal(['pause'])
    expect(kinds(wanted(paused), seen('paused'), NOW + FROZEN_MS - 1)).to.deep.equal([])
    expect(kinds(wanted(paused), seen('paused'), NOW + FROZEN_MS)).to.deep.equal(['park'])
    expect(kinds(wanted({ wish: 'paused', state: 'init', spec: null }))).to.deep.equal(['notePaused'])
    expect(kinds(wanted({ state: 'paused' }), seen('paused'))).to.deep.equal(['resume'])
    expect(kinds(wanted({ state: 'paused' }), seen('exited'))).to.deep.equal(['start'])
    expect(kinds(wanted({ wish: 'paused', state: 'finished' }), seen('exited'))).to.deep.equal([])
  })

  it('deletes what has ended, whatever its state, then forgets it', () => {
    for (const state of ['created', 'running', 'paused', 'exited'] as const)
      expect(kinds(wanted({ wish: 'deleted' }), seen(state))).to.deep.equal(['delete'])
    expect(kinds(wanted({ wish: 'deleted', state: 'deleting' }))).to.deep.equal(['forget'])
  })

  it('asks about what no row knows', () => {
    expect(plan([], [seen('running')], { now: NOW, frozenMs: FROZEN_MS }).map(({ kind }) => kind)).to.deep.equal([
      'removeStray',
    ])
  })

  it('gives one workload one step, is stable, and never starts what should be gone or paused', () => {
    const states: WorkloadState[] = [
      'init',
      'pulling',
      'creating',
      'starting',
      'ok',
      'unhealthy',
      'restarting',
      'crashloop',
      'finished',
      'paused',
      'error',
      'deleting',
      'deleted',
    ]
    const starting: Step['kind'][] = ['prepare', 'create', 'start', 'resume', 'confirm']
    fc.assert(
      fc.property(
        fc.constantFrom(...states),
        fc.constantFrom<Wish>('running', 'paused', 'deleted'),
        fc.option(fc.constantFrom<RuntimeState>('created', 'running', 'paused', 'exited'), { nil: undefined }),
        fc.boolean(),
        fc.nat(),
        (state, wish, runtime, isRetryable, nextAttemptAt) => {
          const steps = kinds(wanted({ state, wish, isRetryable, nextAttemptAt }), runtime && seen(runtime))
          expect(steps.length).to.be.at.most(1)
          expect(kinds(wanted({ state, wish, isRetryable, nextAttemptAt }), runtime && seen(runtime))).to.deep.equal(
            steps,
          )
          if (wish !== 'running') expect(starting).to.not.include(steps[0])
        },
      ),
    )
  })
})

describe('backoffMs', () => {
  it('doubles from one second to five minutes, with up to a fifth taken off', () => {
    expect([0, 1, 2, 3, 8, 9, 99].map((attempt) => backoffMs(attempt, 0))).to.deep.equal([
      1000, 2000, 4000, 8000, 256_000, 300_000, 300_000,
    ])
    expect(backoffMs(0, 0.999)).to.be.within(800, 801)
    expect([isAtCeiling(8), isAtCeiling(9)]).to.deep.equal([false, true])
  })
})
