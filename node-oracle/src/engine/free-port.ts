import { createServer } from 'node:net'

/** A TCP port that nothing on this machine listens on now, and that no workload of this node was given. */
export async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (;;) {
    const port = await portOfSystem()
    if (!taken.has(port)) return port
  }
}

function portOfSystem(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
