import { GridError, RetryableError } from '@grid/model'

/** Thrown when no engine can be had on this machine; says what to install. */
export class NoEngineError extends GridError {
  constructor(tried: readonly string[]) {
    super(
      `No container engine answers on this machine (tried ${tried.join(', ')}), so it takes no workloads. ` +
        'Install one: apt-get install -y podman runc conmon netavark nftables iptables, or docker.io; then start the node again.',
      { tried },
    )
  }
}

/** Thrown when the engine does not answer: it may be back in a moment. */
export class EngineUnavailableError extends RetryableError {
  constructor(action: string, options: { cause: unknown }) {
    super(
      `The container engine does not answer while the node would ${action}: ${textOf(options.cause)}.`,
      { action },
      options,
    )
  }
}

/** Thrown when an engine was asked for something that trying again cannot give. */
export class EngineRefusedError extends GridError {
  constructor(action: string, options: { cause: unknown }) {
    super(`The container engine refuses to ${action}: ${textOf(options.cause)}.`, { action }, options)
  }
}

/** Thrown when an image is neither in the engine nor at its registry: a fault of the deployment, for its owner to mend. */
export class ImageNotFoundError extends GridError {
  constructor(image: string, options?: { cause?: unknown }) {
    super(
      `The image ${image} does not exist: it is neither in the node's engine nor at its registry. Check its name and digest.`,
      { image },
      options,
    )
  }
}

/** Thrown when a registry could not be asked. */
export class ImagePullError extends RetryableError {
  constructor(image: string, options: { cause: unknown }) {
    super(`The image ${image} could not be fetched: ${textOf(options.cause)}.`, { image }, options)
  }
}

export function textOf(error: unknown): string {
  const reason = (error as { json?: { message?: string } } | undefined)?.json?.message
  return (reason ?? (error instanceof Error ? error.message : String(error))).replaceAll(/\s+/g, ' ').trim()
}

/** HTTP status of an answer of the engine; undefined where no answer came. */
export const statusOf = (error: unknown) => (error as { statusCode?: number } | undefined)?.statusCode
