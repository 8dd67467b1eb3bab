import { createServer, type IncomingMessage } from 'node:http'

export interface Delivery {
  readonly path: string
  readonly body: string
}

/** A door that takes what a node sends and remembers it; it judges nothing. */
export interface OpenCollector {
  readonly url: string
  readonly deliveries: readonly Delivery[]
  /** While set, every delivery is answered so. */
  answerWith: { status: number; body: object } | undefined
  round: number
  close(): Promise<void>
}

export async function startOpenCollector(): Promise<OpenCollector> {
  const deliveries: Delivery[] = []
  const server = createServer((request, response) => {
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (request.method === 'GET')
      return void answer(200, {
        beacon: { round: String(collector.round), value: `0x${collector.round.toString(16).padStart(64, '0')}` },
      })
    void textOf(request).then((body) => {
      if (collector.answerWith) return answer(collector.answerWith.status, collector.answerWith.body)
      deliveries.push({ path: request.url ?? '', body })
      return answer(200, {})
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const collector: OpenCollector = {
    url: `http://127.0.0.1:${port}`,
    deliveries,
    answerWith: undefined,
    round: 1,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return collector
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
