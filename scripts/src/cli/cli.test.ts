import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { openAccountWithPermit, readFarm, readSnapshot, signPermit, withSigner } from '@grid/chain-client'
import { startAnvil } from '@grid/chain-client/testing/anvil'
import { tokenUnits } from '@grid/model'
import { expect } from 'chai'
import { encryptKeystoreJsonSync } from 'ethers'

import { joinTestNode, startDeployedGrid, writeSecret, type DeployedGrid } from '../testing/deployed-grid.ts'
import { runGrid, TS_NODE } from '../testing/grid-command.ts'

const NOBODY_LISTENS = 'http://127.0.0.1:1'
const IMAGE = `sha256:${'1'.repeat(64)}`

describe('grid, the command', function () {
  this.timeout(240_000)
  let grid: DeployedGrid
  const run = (...args: string[]) => runGrid(args, { env: { GRID_DEPLOYMENT: grid.deploymentFile } })

  before(async () => {
    grid = await startDeployedGrid()
  })
  after(async () => {
    await grid.stop()
  })

  it('prints the exit codes, without a chain, the way npm starts it', async () => {
    const { code, stdout } = await runGrid(['help', 'exit-codes'], { nodeFlags: TS_NODE })
    expect(code).to.equal(0)
    expect(stdout)
      .to.match(/^5 +not enough funds$/m)
      .and.to.match(/^130 +cancelled/m)
  })

  it('shows a farm: result on stdout as JSON, nothing else', async () => {
    const { code, stderr, json } = await run('farm', 'show', '--farm', '1', '--json')
    expect(code).to.equal(0)
    expect(stderr).to.equal('')
    const { schemaVersion, farm, earnings } = json() as Record<string, Record<string, unknown>>
    expect(schemaVersion).to.equal(1)
    expect(farm).to.include({ farmId: 1, name: 'home', owner: grid.wallets.farmer.address })
    expect(earnings).to.deep.equal({ units: '0', formatted: '0 GRID' })
  })

  it('only simulates without --send, and --dry-run wins over it', async () => {
    for (const flags of [[], ['--send', '--yes', '--dry-run']]) {
      const { code, json } = await run('farm', 'create', '--name', 'second', '--as', 'user', '--json', ...flags)
      expect(code).to.equal(0)
      expect(json()['sent']).to.equal(false)
    }
    const list = await run('farm', 'list', '--json')
    expect(list.json()['farms']).to.have.length(1)
  })

  it('sends with --send, says the hash before waiting, and tells the event', async () => {
    const { code, stderr, json } = await run(
      'farm',
      'create',
      '--name',
      'second',
      '--as',
      'user',
      '--send',
      '--yes',
      '--json',
    )
    expect(code).to.equal(0)
    expect(json()).to.include({ sent: true, farmId: 2, name: 'second' })
    const { hash } = json()['transaction'] as { hash: string }
    expect(stderr).to.include(`grid wait ${hash}`)
    expect((await readFarm(grid.client, 2)).owner).to.equal(grid.wallets.user.address)
    expect((await run('wait', hash)).code).to.equal(0)
  })

  it('reads an encrypted keystore', async () => {
    const { address, privateKey } = grid.wallets.user
    const json = encryptKeystoreJsonSync({ address, privateKey }, 'pass word', { scrypt: { N: 1024 } })
    const keystore = writeSecret(join(grid.stateDir, 'user.json'), json)
    const password = writeSecret(join(grid.stateDir, 'password'), 'pass word\n')
    const flags = ['--keystore', keystore, '--password-file', password, '--json']
    const { code, json: result } = await run('farm', 'create', '--name', 'third', ...flags)
    expect(code).to.equal(0)
    expect(result()['from']).to.equal(address)
    const wrong = writeSecret(join(grid.stateDir, 'wrong'), 'other')
    const refused = await run('farm', 'create', '--name', 'third', '--keystore', keystore, '--password-file', wrong)
    expect(refused.code).to.equal(4)
    expect(refused.stderr).not.to.include('other')
  })

  it('opens an account with a permit, deposits, shows it and withdraws', async () => {
    const opened = await run('account', 'open', '--deposit', '100.5', '--as', 'user', '--send', '--yes', '--json')
    expect(opened.code).to.equal(0)
    expect(opened.json()['amount']).to.deep.equal({ units: '100500000000000000000', formatted: '100.5 GRID' })
    const accountId = String(opened.json()['accountId'])
    const more = await run(
      'account',
      'deposit',
      '--account',
      accountId,
      '--amount',
      '1',
      '--as',
      'farmer',
      '--send',
      '--yes',
    )
    expect(more.stdout).to.equal(`1 GRID went into account ${accountId}.\n`)
    const shown = await run('account', 'show', '--account', accountId, '--json')
    expect((shown.json()['account'] as { funds: unknown }).funds).to.deep.equal({
      units: '101500000000000000000',
      formatted: '101.5 GRID',
    })
    const out = await run(
      'account',
      'withdraw',
      '--account',
      accountId,
      '--amount',
      'all',
      '--as',
      'user',
      '--send',
      '--yes',
      '--json',
    )
    expect(out.json()['amount']).to.deep.equal({ units: '101500000000000000000', formatted: '101.5 GRID' })
  })

  it('lists and adds public addresses', async () => {
    const range = ['--first', '8.8.8.8', '--gateway', '8.8.8.1', '--count', '2']
    expect((await run('ip', 'add', '--farm', '1', ...range, '--as', 'farmer', '--send', '--yes')).code).to.equal(0)
    const { json } = await run('ip', 'list', '--farm', '1', '--json')
    const ips = json()['ips'] as { ip: string; contractId: unknown }[]
    expect(ips.map(({ ip, contractId }) => [ip, contractId])).to.deep.equal([
      ['8.8.8.8', null],
      ['8.8.8.9', null],
    ])
  })

  it('hashes a manifest without a chain, and says why no node takes it', async () => {
    const file = join(grid.stateDir, 'web.yaml')
    writeFileSync(file, `name: web\nimage: ${IMAGE}\ncpu: 1\nmemoryMiB: 512\nssdMiB: 512\n`)
    const owner = grid.wallets.user.address
    const hashed = await runGrid(['deploy', file, '--hash', '--owner', owner])
    expect(hashed.code).to.equal(0)
    expect(hashed.stdout).to.match(/^0x[0-9a-f]{64}\n$/)

    const none = await run('deploy', file, '--as', 'user')
    expect(none.code).to.equal(1)
    expect(none.stderr).to.include('No node has joined')
    expect(await joinTestNode(grid, NOBODY_LISTENS)).to.equal(1)
    const silent = await run('deploy', file, '--as', 'user')
    expect(silent.code).to.equal(1)
    expect(silent.stderr).to.include('node 1').and.to.include('does not answer')

    writeFileSync(file, `name: web\nimage: ${IMAGE}\ncpu: 1\nmemoryMiB: 512\nssdMiB: 512\nturbo: yes\n`)
    const unknown = await run('deploy', file, '--as', 'user')
    expect(unknown.code).to.equal(1)
    expect(unknown.stderr).to.include('turbo')
  })

  it('shows the node that joined, and reads all of it at one block', async () => {
    const { json } = await run('node', 'show', '--node', '1', '--json')
    expect(json()['node']).to.include({ nodeId: 1, farmId: 1, endpoint: NOBODY_LISTENS, liveContracts: 0 })
    await grid.client.provider.send('evm_mine', [])
    const blockNumber = BigInt((await grid.client.provider.getBlockNumber()) - 1)
    const snapshot = await readSnapshot(grid.client, blockNumber)
    expect(snapshot.farms.map(({ name }) => name)).to.deep.equal(['home', 'second'])
    expect(snapshot.nodes.map(({ nodeId }) => nodeId)).to.deep.equal([1])
    expect(snapshot.farmingPolicies).to.have.length(2)
  })

  it('tells periods and proposals', async () => {
    const status = await run('oracle', 'status', '--json')
    expect(status.code).to.equal(0)
    expect(status.json()['sets']).to.deep.equal({ members: 1, membersNeeded: 1, aggregators: 1, aggregatorsNeeded: 1 })
    expect((await run('dao', 'list')).stdout).to.include('No proposal yet')
    expect((await run('rewards', 'show', '--farm', '1')).stdout).to.include('No minting period is final yet')
  })

  it('doctor fails while the oracle and the node do not answer, and says so', async () => {
    const { code, json } = await run('doctor', '--json', '--oracle-url', NOBODY_LISTENS)
    expect(code).to.equal(1)
    const checks = json()['checks'] as { name: string; ok: boolean }[]
    const failed = checks.filter(({ name, ok }) => !ok && name !== 'engine').map(({ name }) => name)
    expect(failed).to.deep.equal(['node 1', 'oracle'])
  })

  describe('bad input', () => {
    it('exit 1: an unknown farm', async () => {
      const { code, stderr } = await run('farm', 'show', '--farm', '999')
      expect(code).to.equal(1)
      expect(stderr).to.include('There is no farm 999')
    })

    it('exit 1: a refusal of a contract, decoded; with --json on stderr too', async () => {
      const { code, stdout, stderr } = await run('farm', 'create', '--name', 'home', '--as', 'user', '--json')
      expect(code).to.equal(1)
      expect(stdout).to.equal('')
      const { error } = JSON.parse(stderr) as { error: { name: string; fields: { errorName: string } } }
      expect(error.fields.errorName).to.equal('FarmRegistry_NameTaken')
    })

    it('exit 1: another chain, with both ids', async () => {
      const other = await startAnvil({ chainId: 4242 })
      const { code, stderr } = await run('farm', 'list', '--rpc-url', other.rpcUrl)
      await other.stop()
      expect(code).to.equal(1)
      expect(stderr).to.include('4242').and.to.include('31337')
    })

    it('exit 1: an endpoint that is gone', async () => {
      const { code, stderr } = await run('farm', 'list', '--rpc-url', NOBODY_LISTENS)
      expect(code).to.equal(1)
      expect(stderr).to.include('does not answer')
    })

    it('exit 1: a deployment that is not there', async () => {
      const { code, stderr } = await runGrid(['farm', 'list', '--deployment', '/nonexistent.json'])
      expect(code).to.equal(1)
      expect(stderr).to.include('/nonexistent.json')
    })

    for (const [what, args] of Object.entries({
      'an unknown command': ['frobnicate'],
      'an unknown flag': ['farm', 'list', '--frobnicate'],
      'a flag that is missing': ['farm', 'show'],
      'an id that is none': ['farm', 'show', '--farm', 'x'],
      'a bad address': ['farm', 'create', '--name', 'abc', '--payout', '0x1234'],
      'a bad amount': ['account', 'open', '--deposit', '1e9', '--as', 'user'],
      'a bad IPv4': ['ip', 'add', '--farm', '1', '--first', '8.8.8.256', '--gateway', '8.8.8.1', '--as', 'farmer'],
      'two keys': ['farm', 'create', '--name', 'abc', '--as', 'user', '--key-file', '/dev/null'],
      '--send with nobody to ask': ['farm', 'create', '--name', 'abc', '--as', 'user', '--send'],
    })) {
      it(`exit 2: ${what}`, async () => {
        const { code, stdout } = await run(...args)
        expect(code).to.equal(2)
        expect(stdout).to.equal('')
      })
    }

    it('exit 4: no key, and a key file that others can read', async () => {
      expect((await run('farm', 'create', '--name', 'abc')).code).to.equal(4)
      const path = writeSecret(join(grid.stateDir, 'open.key'), grid.wallets.user.privateKey)
      chmodSync(path, 0o644)
      const { code, stderr } = await run('farm', 'create', '--name', 'abc', '--key-file', path)
      expect(code).to.equal(4)
      expect(stderr).to.include('0644').and.not.to.include(grid.wallets.user.privateKey.slice(2))
    })

    it('exit 5: not enough funds, before and behind the simulation', async () => {
      const poor = await run('account', 'open', '--deposit', '999999999', '--as', 'user')
      expect(poor.code).to.equal(5)
      expect(poor.stderr).to.include('too few')
      const user = withSigner(grid.client, grid.wallets.user)
      const permit = await signPermit(user, { amount: tokenUnits(10n ** 18n) })
      const { accountId } = (await openAccountWithPermit(user, permit)).event
      const args = ['--account', String(accountId), '--amount', '2', '--as', 'user']
      expect((await run('account', 'withdraw', ...args)).code).to.equal(5)
    })

    it('exit 6: a transaction that does not come', async () => {
      const { code, stderr } = await run('wait', `0x${'12'.repeat(32)}`, '--timeout', '0')
      expect(code).to.equal(6)
      expect(stderr).to.include('grid wait')
    })
  })
})
