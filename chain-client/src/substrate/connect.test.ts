import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo, type Server } from 'node:net'

import { expect } from 'chai'

import { connectSubstrate } from './connect.ts'
import { InvalidWsUrlError, NotSubstrateError, SubstrateTimeoutError, SubstrateUnavailableError } from './errors.ts'

/** The parts of `ws` (it comes with ethers, without types) that a chain's stand-in needs. */
interface Socket {
  on(event: 'message', listener: (data: Buffer) => void): void
  send(text: string): void
}
interface SocketServer {
  on(event: 'connection', listener: (socket: Socket) => void): void
  once(event: string, listener: () => void): void
  address(): AddressInfo
  close(done: () => void): void
  readonly clients: Set<{ terminate(): void }>
}
const { WebSocketServer } = createRequire(import.meta.url)('ws') as {
  WebSocketServer: new (options: { port: number; host: string }) => SocketServer
}

const HASH = `0x${'ab'.repeat(32)}`
const ANSWERS: Readonly<Record<string, unknown>> = {
  system_chain: 'TFChain Standin',
  chain_getBlockHash: `0x${'01'.repeat(32)}`,
  chain_getFinalizedHead: HASH,
  chain_getHeader: { number: '0x1f4' },
  state_getRuntimeVersion: { specName: 'substrate-threefold', specVersion: 144, transactionVersion: 2 },
}

async function serve(answers: Readonly<Record<string, unknown>>) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const { id, method } = JSON.parse(data.toString()) as { id: number; method: string }
      if (!(method in answers)) return
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: answers[method] }))
    })
  })
  await new Promise<void>((resolve) => server.once('listening', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of server.clients) socket.terminate()
      server.close(resolve)
    })
  return { url: `ws://127.0.0.1:${server.address().port}`, close }
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

describe('connectSubstrate', () => {
  it('reads name, genesis, finalised head and runtime', async () => {
    const chain = await serve(ANSWERS)
    const client = await connectSubstrate(chain.url)
    try {
      expect(await client.readStatus()).to.deep.equal({
        chain: 'TFChain Standin',
        genesisHash: `0x${'01'.repeat(32)}`,
        finalised: { blockNumber: 500n, blockHash: HASH },
        runtime: { specName: 'substrate-threefold', specVersion: 144, transactionVersion: 2 },
      })
    } finally {
      await client.disconnect()
      await chain.close()
    }
  })

  it('error: SubstrateUnavailableError when nothing listens', async () => {
    const server = createServer()
    const url = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    const error = await failureOf(connectSubstrate(url, { timeoutMs: 5_000 }))
    expect(error).to.be.instanceOf(SubstrateUnavailableError)
    expect((error as Error).message).to.include(url)
  })

  it('error: SubstrateUnavailableError when a web server answers instead', async () => {
    const server = createHttpServer((_, response) => response.end('hello'))
    const url = await listen(server)
    expect(await failureOf(connectSubstrate(url, { timeoutMs: 5_000 }))).to.be.instanceOf(SubstrateUnavailableError)
    server.close()
  })

  it('error: SubstrateTimeoutError when the peer accepts and stays silent', async () => {
    const server = createServer()
    const url = await listen(server)
    const error = await failureOf(connectSubstrate(url, { timeoutMs: 200 }))
    expect(error).to.be.instanceOf(SubstrateTimeoutError)
    server.close()
  })

  it('error: SubstrateTimeoutError names the request that got no answer', async () => {
    const { state_getRuntimeVersion: _, ...rest } = ANSWERS
    const chain = await serve(rest)
    const client = await connectSubstrate(chain.url, { timeoutMs: 200 })
    const error = await failureOf(client.readStatus())
    expect(error).to.be.instanceOf(SubstrateTimeoutError)
    expect((error as Error).message).to.include('state_getRuntimeVersion')
    await client.disconnect()
    await chain.close()
  })

  it('error: NotSubstrateError when the answers are of another kind', async () => {
    const chain = await serve({ ...ANSWERS, chain_getHeader: null })
    const client = await connectSubstrate(chain.url)
    expect(await failureOf(client.readStatus())).to.be.instanceOf(NotSubstrateError)
    await client.disconnect()
    await chain.close()
  })

  it('error: InvalidWsUrlError', async () => {
    expect(await failureOf(connectSubstrate('http://127.0.0.1:1'))).to.be.instanceOf(InvalidWsUrlError)
  })
})
