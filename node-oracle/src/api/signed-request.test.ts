import { expect } from 'chai'
import { Wallet } from 'ethers'
import { RequestSignatureError, RequestVerifier, signRequest } from './signed-request.ts'

describe('signed requests', () => {
  const owner = new Wallet(`0x${'22'.repeat(32)}`)
  const node = '0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a'
  const NOW = 1_800_000_000_000
  const request = { method: 'GET', path: '/v1/deployments/7?x=1' }
  const verifier = (now = NOW) => new RequestVerifier(node, () => now)
  const headers = () => signRequest(owner, { ...request, node }, NOW)

  it('gives the address that signed', async () => {
    expect(verifier().verify(await headers(), request)).to.equal(owner.address.toLowerCase())
  })

  it('error: another path, query, method, body, node, address', async () => {
    const signed = await headers()
    for (const change of [
      { path: '/v1/deployments/8?x=1' },
      { path: '/v1/deployments/7' },
      { method: 'POST' },
      { body: 'x' },
    ]) {
      expect(() => verifier().verify(signed, { ...request, ...change }), JSON.stringify(change)).to.throw(
        RequestSignatureError,
      )
    }
    expect(() => new RequestVerifier(`0x${'3'.repeat(40)}`, () => NOW).verify(signed, request)).to.throw(
      RequestSignatureError,
    )
    expect(() => verifier().verify({ ...signed, 'grid-address': node }, request)).to.throw('not signed by')
  })

  it('error: played again, too old, from the future, without a header', async () => {
    const signed = await headers()
    const one = verifier()
    one.verify(signed, request)
    expect(() => one.verify(signed, request)).to.throw('used before')
    expect(() => verifier(NOW + 61_000).verify(signed, request)).to.throw("node's clock")
    expect(() => verifier(NOW - 61_000).verify(signed, request)).to.throw("node's clock")
    expect(() => verifier().verify({ ...signed, 'grid-nonce': undefined }, request)).to.throw('grid-nonce is missing')
    expect(() => verifier().verify({ ...signed, 'grid-signature': '0x12' }, request)).to.throw('not signed by')
  })
})
