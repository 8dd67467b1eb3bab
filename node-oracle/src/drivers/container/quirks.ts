/**
 * Where engines differ behind one API, and what the driver does about it: one table, a test a row.
 *
 * Source: node.md, section 12.1, measured with podman 4.3.1 and dockerd 20.10.
 */
export interface EngineQuirks {
  readonly engine: 'podman' | 'dockerd'
  /** podman before 5 answers 404 to `POST /containers/{id}/update`: limits are changed by making the container anew. */
  readonly canUpdateLimits: boolean
  /** podman's own health checks wait for systemd timers; dockerd's would run beside ours: the oracle does them for both. */
  readonly usesEngineHealthChecks: false
  /** dockerd's `stats` waits about a second for a second sample: counters come from the cgroup for both. */
  readonly usesEngineStats: false
  /** podman answers a windowed `events` request with nothing: the driver polls, events only make it quicker. */
  readonly trustsEventWindow: boolean
  /** A request of `Ulimits` without CAP_SYS_RESOURCE is a 409 in podman: they stay in containers.conf. */
  readonly sendsUlimits: false
  /** podman is told not to let bridges reach each other; dockerd keeps them apart by itself. */
  readonly networkOptions: Readonly<Record<string, string>>
}

interface EngineVersion {
  readonly Version: string
  readonly Components?: readonly { readonly Name: string; readonly Version: string }[]
}

const common = { usesEngineHealthChecks: false, usesEngineStats: false, sendsUlimits: false } as const

export function quirksOf(version: EngineVersion): EngineQuirks {
  const podman = version.Components?.find(({ Name }) => Name === 'Podman Engine')
  if (!podman)
    return { ...common, engine: 'dockerd', canUpdateLimits: true, trustsEventWindow: true, networkOptions: {} }
  const major = Number.parseInt(podman.Version, 10)
  return {
    ...common,
    engine: 'podman',
    canUpdateLimits: major >= 5,
    trustsEventWindow: false,
    networkOptions: { isolate: 'true' },
  }
}
