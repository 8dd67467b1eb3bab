import { DEPLOYMENT_TYPES, GRID_DOMAIN } from '@grid/model'
import { expect } from 'chai'
import { TypedDataEncoder, verifyTypedData } from 'ethers'
import fc from 'fast-check'
import {
  canonicalText,
  type Deployment,
  hashManifest,
  ManifestError,
  manifestResources,
  parseManifest,
  parseStrictJson,
} from './index.ts'

/** Source: node.md, section 3. */
const VECTOR =
  '{"description":"","metadata":"","owner":"0x70997970c51812dc3a010c7d01b50e0d17dc79c8","schema":"grid.deployment/1","signers":{"members":[{"address":"0x70997970c51812dc3a010c7d01b50e0d17dc79c8","required":true,"weight":1}],"threshold":1},"version":0,"workloads":[{"data":{"cpu":1,"image":"sha256:1111111111111111111111111111111111111111111111111111111111111111","isolation":"container","memoryBytes":"268435456","rootBytes":"524288000"},"name":"web","type":"zmachine","version":0}]}'
const VECTOR_HASH = '0x8374c8a0ec56ee3f5940e9ee02303de16563406e67716058c275e48681aaa29a'
const OWNER = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'
const IMAGE = `sha256:${'1'.repeat(64)}`

const SHORT_FORM = `
name: web
image: ${IMAGE}
cpu: 1
memoryMiB: 256
ssdMiB: 500
`

type Fields = Record<string, unknown>
interface Draft extends Fields {
  signers: Fields & { threshold: number; members: Fields[] }
  workloads: (Fields & { data: Fields })[]
}
type LooseDraft = Draft & { workloads: [Draft['workloads'][0]]; signers: { members: [Fields] } }

const changed = (change: (deployment: LooseDraft) => void): string => {
  const deployment = JSON.parse(VECTOR) as LooseDraft
  change(deployment)
  return JSON.stringify(deployment)
}
const problemsOf = (text: string) => {
  try {
    parseManifest(text, { owner: OWNER })
  } catch (error) {
    if (error instanceof ManifestError)
      return error.problems.map(({ path, message }) => `${path}: ${message}`).join('\n')
    throw error
  }
  return expect.fail('the manifest was taken')
}

describe('hashManifest', () => {
  it('gives the hash of the published vector', () => {
    expect(hashManifest(parseManifest(VECTOR))).to.equal(VECTOR_HASH)
    expect(canonicalText(parseManifest(VECTOR))).to.equal(VECTOR)
  })

  it('is the hash that the published signature covers', () => {
    const domain = { ...GRID_DOMAIN, chainId: 31337, verifyingContract: '0x5fbdb2315678afecb367f032d93f642f64180aa3' }
    const message = {
      contractId: 42,
      version: 0,
      nodeId: 7,
      hash: hashManifest(parseManifest(VECTOR)),
      expiry: 1800000000,
    }
    expect(TypedDataEncoder.hash(domain, DEPLOYMENT_TYPES, message)).to.equal(
      '0x4c17ab5511e3bab3096cfc794df5b5fa9e4f385ec77aed4d0f873fc4712897e3',
    )
    const signature =
      '0xc3e929900cf036dc061fb78ff7fc771594c2f7538346b3f3865fedc07ca9f30527c3ec508a884b9714191ffb880f2b6a34ca258d15e5ab132874bead014cf7be1c'
    expect(verifyTypedData(domain, DEPLOYMENT_TYPES, message, signature).toLowerCase()).to.equal(OWNER)
  })

  it('does not depend on the order of keys or on white space', () => {
    const reorder = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reorder)
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, inner]) => [key, reorder(inner)]),
      )
    }
    const shuffled = JSON.stringify(reorder(JSON.parse(VECTOR)), null, 3)
    expect(hashManifest(parseManifest(shuffled))).to.equal(VECTOR_HASH)
  })

  it('changes with every field', () => {
    const hashes = new Set<string>()
    const base = parseManifest(VECTOR)
    const of = (data: object): Deployment => ({
      ...base,
      workloads: [{ ...base.workloads[0]!, data: { ...base.workloads[0]!.data, ...data } }],
    })
    for (const data of [{}, { cpu: 12 }, { memoryBytes: '1474836480' }, { env: { A: '1' } }, { cmd: ['x'] }]) {
      hashes.add(hashManifest(of(data)))
    }
    expect(hashes.size).to.equal(5)
  })

  it('survives writing and reading for any text in it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.dictionary(fc.stringMatching(/^[A-Z_]{1,8}$/), fc.string()),
        (metadata, env) => {
          const deployment = parseManifest(
            changed((value) => {
              value['metadata'] = metadata
              value.workloads[0].data['env'] = env
            }),
          )
          expect(hashManifest(parseManifest(canonicalText(deployment)))).to.equal(hashManifest(deployment))
        },
      ),
    )
  })
})

describe('parseManifest', () => {
  it('error: a field that no schema knows, at any depth', () => {
    expect(problemsOf(changed((value) => (value['colour'] = 'red')))).to.contain('colour: is not a field')
    expect(problemsOf(changed((value) => (value.workloads[0].data['gpu'] = [])))).to.contain(
      'workloads.0.data.gpu: is not a field',
    )
    expect(problemsOf(changed((value) => (value.workloads[0]['colour'] = 'red')))).to.contain(
      'workloads.0.colour: is not a field',
    )
    expect(problemsOf(changed((value) => (value.signers['colour'] = 'red')))).to.contain(
      'signers.colour: is not a field',
    )
    expect(problemsOf(changed((value) => (value.signers.members[0]['colour'] = 'red')))).to.contain(
      'signers.members.0.colour: is not a field',
    )
    const withPart = (part: Fields) => changed((value) => Object.assign(value.workloads[0].data, part))
    expect(problemsOf(withPart({ ports: [{ container: 80, colour: 'red' }] }))).to.contain('ports.0.colour: is not')
    expect(problemsOf(withPart({ restart: { policy: 'always', colour: 'red' } }))).to.contain('restart.colour: is not')
    const health = { kind: 'tcp', port: 80, colour: 'red' }
    expect(problemsOf(withPart({ health }))).to.contain('health.colour: is not a field')
  })

  it('error: a duplicate key', () => {
    expect(problemsOf(VECTOR.replace('"cpu":1,', '"cpu":1,"cpu":2,'))).to.match(/key twice/)
    expect(problemsOf(`${SHORT_FORM}cpu: 2\n`)).to.match(/unique/)
  })

  it('error: null, with the field named', () => {
    expect(problemsOf(changed((value) => (value.workloads[0]['description'] = null)))).to.match(
      /^workloads.0.description: is null/,
    )
  })

  it('error: numbers that two readers may read differently', () => {
    for (const number of ['1.0', '1e0', '-1', '1.5', '4294967296', '-0']) {
      expect(problemsOf(VECTOR.replace('"cpu":1', `"cpu":${number}`)), number).to.match(/cpu/)
    }
  })

  it('error: sizes with leading zeros, signs, or below the least', () => {
    for (const size of ['0268435456', '+268435456', '-1', '2.5', '1', 'x', '99999999999999999999']) {
      expect(problemsOf(changed((value) => (value.workloads[0].data['memoryBytes'] = size))), size).to.match(
        /memoryBytes/,
      )
    }
  })

  it('error: lone surrogates, __proto__, upper-case addresses', () => {
    expect(problemsOf(VECTOR.replace('"metadata":""', '"metadata":"\\ud800"'))).to.match(
      /metadata: has a lone surrogate/,
    )
    expect(problemsOf(VECTOR.replace('"metadata":""', '"__proto__":{"a":1},"metadata":""'))).to.match(/__proto__/)
    expect(problemsOf(VECTOR.replaceAll(OWNER, '0x70997970C51812DC3A010C7D01B50E0D17DC79C8'))).to.match(/lower case/)
  })

  it('error: too deep, too long, not JSON at all', () => {
    const deep = `{"schema":${'['.repeat(30)}${']'.repeat(30)}}`
    expect(problemsOf(deep)).to.match(/nested deeper/)
    expect(problemsOf(`{"schema":"${'x'.repeat(300_000)}"}`)).to.match(/bytes, at most/)
    expect(problemsOf('{"schema":')).to.match(/is not JSON/)
  })

  it('error: what comes with a later version is named as such', () => {
    expect(problemsOf(changed((value) => (value.workloads[0].data['isolation'] = 'vm')))).to.match(
      /vm, which this version does not run yet/,
    )
    expect(problemsOf(changed((value) => (value.workloads[0]['type'] = 'network')))).to.match(
      /network, which this version does not run yet/,
    )
  })

  it('error: two workloads of one name, one host port twice, a version from the future, a foreign signer', () => {
    const second = (change: object) =>
      changed((value) => value.workloads.push({ ...value.workloads[0], name: 'second', ...change }))
    expect(problemsOf(second({ name: 'web' }))).to.match(/workloads.1.name: is web/)
    expect(problemsOf(second({ version: 1 }))).to.match(/above the version 0/)
    expect(
      problemsOf(
        changed(
          (value) =>
            (value.workloads[0].data['ports'] = [
              { container: 80, host: 80 },
              { container: 81, host: 80 },
            ]),
        ),
      ),
    ).to.match(/ports.1.host: is 80, asked for twice/)
    expect(problemsOf(changed((value) => (value.signers.members[0]['address'] = `0x${'1'.repeat(40)}`)))).to.match(
      /the owner alone/,
    )
    expect(problemsOf(changed((value) => (value.signers.threshold = 2)))).to.match(/above the weight/)
  })

  it('error: another owner than the one who acts', () => {
    expect(() => parseManifest(VECTOR, { owner: `0x${'2'.repeat(40)}` })).to.throw(ManifestError, 'you act for')
  })

  it('error: images that name nothing exactly', () => {
    for (const image of ['', 'SHA256:11', 'sha256:11', 'http://x/y', 'a b', 'name@sha256:12']) {
      expect(problemsOf(changed((value) => (value.workloads[0].data['image'] = image))), image).to.match(/image/)
    }
    for (const image of [IMAGE, `registry.example:5000/a/b@${IMAGE}`, 'localhost/grid/busybox:1', 'nginx']) {
      parseManifest(changed((value) => (value.workloads[0].data['image'] = image)))
    }
  })

  it('expands the short form to the canonical deployment', () => {
    expect(canonicalText(parseManifest(SHORT_FORM, { owner: OWNER }))).to.equal(VECTOR)
  })

  it('expands ports, health, env and restart of the short form', () => {
    const text = `${SHORT_FORM}
ports: [8080, "80:8081", { container: 8082, host: 82 }]
env: { GREETING: hello, WORKERS: 4, DEBUG: true }
health: { http: /, port: 8080, intervalSeconds: 5 }
restart: { on-failure: 3 }
cmd: [httpd, -f]
`
    const { data } = parseManifest(text, { owner: OWNER }).workloads[0]!
    expect(data.ports).to.deep.equal([
      { container: 8080 },
      { host: 80, container: 8081 },
      { container: 8082, host: 82 },
    ])
    expect(data.env).to.deep.equal({ GREETING: 'hello', WORKERS: '4', DEBUG: 'true' })
    expect(data.health).to.deep.equal({ kind: 'http', path: '/', port: 8080, intervalSeconds: 5 })
    expect(data.restart).to.deep.equal({ policy: 'on-failure', attempts: 3 })
  })

  it('error: the short form with a field it does not know, an anchor, a bad port, no owner', () => {
    expect(problemsOf(`${SHORT_FORM}memory: 5\n`)).to.match(/memory: is not a field/)
    expect(problemsOf(`${SHORT_FORM}env: &a { A: b }\ndescription: *a\n`)).to.match(/anchors/)
    expect(problemsOf(`${SHORT_FORM}ports: ["x"]\n`)).to.match(/ports.0: must be 8080/)
    expect(() => parseManifest(SHORT_FORM)).to.throw(ManifestError, 'owner')
  })
})

describe('manifestResources', () => {
  it('says what the contract has to take, parts of a MiB rounded up', () => {
    expect(manifestResources(parseManifest(VECTOR))).to.deep.equal({
      vcpu: 1,
      memoryMiB: 256,
      ssdMiB: 500n,
      hddMiB: 0n,
      publicIPv4: 0,
    })
    const odd = parseManifest(changed((value) => (value.workloads[0].data['memoryBytes'] = '268435457')))
    expect(manifestResources(odd).memoryMiB).to.equal(257)
  })
})

describe('parseStrictJson', () => {
  it('reads what JSON.parse reads where the value is unambiguous', () => {
    const leaf = fc.oneof(fc.nat(), fc.boolean(), fc.string({ unit: 'grapheme' }))
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        fc.array(tie('tree')),
        fc.dictionary(fc.stringMatching(/^[a-z]+$/), tie('tree')),
      ),
    }))
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]+$/), tree), (value) => {
        let parsed: unknown
        try {
          parsed = parseStrictJson(JSON.stringify(value))
        } catch (error) {
          expect((error as Error).message).to.match(/deeper/)
          return
        }
        expect(parsed).to.deep.equal(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
