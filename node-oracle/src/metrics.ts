import { Gauge, Registry } from 'prom-client'
import type { Store } from './engine/store.ts'
import type { Meter } from './meter/meter.ts'

export interface MetricsOptions {
  readonly store: Store
  readonly meter: Meter
  readonly health: {
    readonly isHealthy: boolean
    readonly heartbeatAcceptedSecondsAgo: number | null
    readonly chainReadSecondsAgo: number | null
    readonly reportsWaiting: number
  }
}

/** Prometheus text, read at the time of the call; no contract's numbers, which are its owner's. */
export async function metricsOf({ store, health }: MetricsOptions): Promise<string> {
  const registry = new Registry()
  const gauge = (name: string, help: string, value: number | null) => {
    if (value !== null) new Gauge({ name, help, registers: [registry] }).set(value)
  }
  gauge('grid_node_healthy', '1 while engine, chain and identity are well', Number(health.isHealthy))
  gauge('grid_node_heartbeat_age_seconds', 'Since a collector took a heartbeat', health.heartbeatAcceptedSecondsAgo)
  gauge('grid_node_chain_age_seconds', 'Since the chain was read', health.chainReadSecondsAgo)
  gauge('grid_node_reports_waiting', 'Usage reports that no collector has taken yet', health.reportsWaiting)
  gauge('grid_node_memory_bytes', 'Resident memory of the node oracle', process.memoryUsage.rss())
  const workloads = new Gauge({
    name: 'grid_node_workloads',
    help: 'Workloads by state',
    labelNames: ['state'],
    registers: [registry],
  })
  for (const { state } of store.desired()) workloads.inc({ state })
  return registry.metrics()
}
