import { expect } from 'chai'
import {
  bridgeName,
  containerName,
  type InspectedContainer,
  labelsOf,
  networkName,
  observedOf,
} from './container-name.ts'
import { discoverEngine, socketCandidates } from './discover.ts'
import { NoEngineError } from './errors.ts'
import { quirksOf } from './quirks.ts'
import { freeSubnet, NoSubnetError } from './subnets.ts'

const node = '0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a'
const id = { contractId: 2n ** 63n, workload: 'web', version: 3 }
const podman = (Version: string) => quirksOf({ Version, Components: [{ Name: 'Podman Engine', Version }] })
const dockerd = quirksOf({ Version: '20.10.24', Components: [{ Name: 'Engine', Version: '20.10.24' }] })

describe('quirks', () => {
  it('knows the engine by its components', () => {
    expect([podman('4.3.1').engine, dockerd.engine]).to.deep.equal(['podman', 'dockerd'])
  })
  it('podman before 5 cannot update limits', () => {
    expect([podman('4.3.1').canUpdateLimits, podman('5.0.0').canUpdateLimits, dockerd.canUpdateLimits]).to.deep.equal([
      false,
      true,
      true,
    ])
  })
  it('podman answers a window of events with nothing', () => {
    expect([podman('4.3.1').trustsEventWindow, dockerd.trustsEventWindow]).to.deep.equal([false, true])
  })
  it('podman has to be told to keep bridges apart', () => {
    expect([podman('4.3.1').networkOptions, dockerd.networkOptions]).to.deep.equal([{ isolate: 'true' }, {}])
  })
  it('leaves health checks, counters and ulimits of no engine to the engine', () => {
    for (const { usesEngineHealthChecks, usesEngineStats, sendsUlimits } of [podman('4.3.1'), dockerd]) {
      expect([usesEngineHealthChecks, usesEngineStats, sendsUlimits]).to.deep.equal([false, false, false])
    }
  })
})

describe('names and labels', () => {
  it('fit their bounds for the largest contract id', () => {
    expect(bridgeName(node, id.contractId).length).to.be.at.most(15)
    expect(containerName(node, id)).to.match(/^grid-[0-9a-f]{6}-c9223372036854775808-web$/)
    expect(networkName(node, 1n)).not.to.equal(networkName('0x00', 1n))
  })

  it('lead back to the workload, whichever words the engine has for its states', () => {
    const inspected = (Status: string, Paused = false, Running = false): InspectedContainer => ({
      Id: 'e1',
      Config: { Labels: labelsOf(node, id, '0x01') },
      State: { Status, Running, Paused, ExitCode: 0, OOMKilled: false, StartedAt: 't', Pid: 1 },
      NetworkSettings: { Networks: { n: { IPAddress: '10.70.0.2' } } },
    })
    expect(observedOf(inspected('running', false, true))).to.deep.include({
      id,
      specHash: '0x01',
      state: 'running',
      address: '10.70.0.2',
    })
    const states = ['created', 'configured', 'initialized', 'exited', 'stopped', 'dead'].map(
      (status) => observedOf(inspected(status))?.state,
    )
    expect(states).to.deep.equal(['created', 'created', 'created', 'exited', 'exited', 'exited'])
    expect(observedOf(inspected('running', true, true))?.state, 'dockerd says running and paused at once').to.equal(
      'paused',
    )
    expect(observedOf({ ...inspected('running'), Config: { Labels: {} } }), 'not ours').to.equal(undefined)
  })
})

describe('freeSubnet', () => {
  it('gives each network its own, from one pool', () => {
    const first = freeSubnet(node, [], [])
    const second = freeSubnet(node, [first], [])
    expect(first).to.match(/^10\.\d+\.0\.0\/28$/)
    expect(second).to.equal(first.replace('.0/28', '.16/28'))
    const full = Array.from({ length: 16 }, (_, index) => first.replace('.0/28', `.${index * 16}/28`))
    expect(freeSubnet(node, full, [])).to.equal(first.replace('.0.0/28', '.1.0/28'))
  })

  it('passes over a pool that the machine has an address in, and starts elsewhere for another node', () => {
    const pool = freeSubnet(node, [], []).split('.')[1]
    expect(freeSubnet(node, [], [`10.${pool}.4.4`]).split('.')[1]).not.to.equal(pool)
    expect(freeSubnet('0x01', [], [])).not.to.equal(freeSubnet(node, [], []))
  })

  it('error: NoSubnetError', () => {
    const all = Array.from({ length: 4096 }, (_, index) => `10.99.${index >> 4}.${(index & 15) * 16}/28`)
    expect(() => freeSubnet(node, all, [])).to.throw(NoSubnetError)
  })
})

describe('discoverEngine', () => {
  it('looks where $DOCKER_HOST points first, then in the usual places', () => {
    expect(socketCandidates({ DOCKER_HOST: 'unix:///a.sock', XDG_RUNTIME_DIR: '/run/user/0' })).to.deep.equal([
      '/a.sock',
      '/var/run/docker.sock',
      '/run/podman/podman.sock',
      '/run/user/0/podman/podman.sock',
    ])
  })

  it('error: NoEngineError, which says what to install', async () => {
    const options = {
      stateDir: '/nowhere',
      runDir: '/nowhere',
      bootId: 'b',
      env: { PATH: '/nowhere', DOCKER_HOST: 'unix:///nowhere' },
    }
    const error = await discoverEngine(options).catch((caught: unknown) => caught)
    expect(error).to.be.instanceOf(NoEngineError)
    expect(String(error)).to.match(/apt-get install -y podman/)
  })
})
