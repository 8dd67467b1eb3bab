import { GridError, RetryableError } from '@grid/model'

/** Thrown when the text is not a WebSocket address. */
export class InvalidWsUrlError extends GridError {
  constructor(url: string) {
    super(`"${url}" is not a WebSocket address. Expected one such as wss://tfchain.example.org/ws.`, { url })
  }
}

/** Thrown when nothing answers as a WebSocket there. */
export class SubstrateUnavailableError extends RetryableError {
  constructor(url: string, options?: { cause?: unknown }) {
    super(`Nothing answers at ${url} as a chain's WebSocket. Check the address and the network.`, { url }, options)
  }
}

/** Thrown when a chain is too slow. */
export class SubstrateTimeoutError extends RetryableError {
  constructor(url: string, what: string, timeoutMs: number) {
    super(`${url} gave no answer to ${what} within ${timeoutMs / 1000} s. Try again, or allow more with --timeout.`, {
      url,
      what,
      timeoutMs,
    })
  }
}

/** Thrown when an endpoint answers, but not as a Substrate chain. */
export class NotSubstrateError extends GridError {
  constructor(url: string, method: string, options?: { cause?: unknown }) {
    super(`${url} does not answer ${method} as a Substrate chain does. Check the address.`, { url, method }, options)
  }
}
