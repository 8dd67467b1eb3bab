import { GridError } from '@grid/model'

/** Asks the workload for its page once, on a connection of its own. */
export async function fetchPage(url: string, timeoutMs = 2000): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), headers: { connection: 'close' } })
  return { status: response.status, text: await response.text() }
}

export async function postJson(url: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    signal: AbortSignal.timeout(30_000),
  })
  const answer = (await response.json()) as Record<string, unknown>
  if (!response.ok)
    throw new GridError(`${url} answered ${response.status}: ${JSON.stringify(answer)}`, { url, answer })
  return answer
}

export async function getJson(url: string, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) })
  if (!response.ok) throw new GridError(`${url} answered ${response.status}: ${await response.text()}`, { url })
  return response.json()
}
