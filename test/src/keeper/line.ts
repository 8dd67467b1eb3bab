import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A way to an endpoint that a test can cut and mend, at one address. */
export interface Line {
  readonly url: string
  cut(): Promise<void>
  mend(): Promise<void>
}

export async function openLine(endpoint: string): Promise<Line> {
  const { hostname, port } = new URL(endpoint)
  const open = new Set<Socket>()
  const hold = (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => socket.destroy()).once('close', () => open.delete(socket))
  }
  const listen = async (at: number): Promise<Server> => {
    const server = createServer((near) => {
      const far = connect(Number(port), hostname)
      hold(near)
      hold(far)
      near.pipe(far).pipe(near)
    })
    await once(server.listen(at, '127.0.0.1'), 'listening')
    return server
  }
  let server = await listen(0)
  const { port: own } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${own}`,
    cut: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await closed
    },
    mend: async () => {
      server = await listen(own)
    },
  }
}
