import { createServer } from 'node:net'

import { GridError } from '@grid/model'

/** Thrown when a port that the grid wants is taken by somebody else. */
export class PortTakenError extends GridError {
  constructor(port: number, use: string) {
    super(
      `Port ${port}, wanted for the ${use}, is taken by another program. Stop it, or start with --free-ports to use any free ports.`,
      { port, use },
    )
  }
}

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  })
}

/** A port that nobody listens on now, chosen by the system. */
export const freePort = () => listen(0)

/** @throws {PortTakenError} */
export async function requireFreePort(port: number, use: string): Promise<void> {
  try {
    await listen(port)
  } catch {
    throw new PortTakenError(port, use)
  }
}
