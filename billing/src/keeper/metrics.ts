import { Counter, Gauge, Registry } from 'prom-client'

export interface KeeperMetrics {
  readonly registry: Registry
  readonly rounds: Counter<'result'>
  readonly steps: Counter<'kind' | 'result'>
  readonly contracts: Gauge
  readonly lastRoundAt: Gauge
}

export function createMetrics(): KeeperMetrics {
  const registry = new Registry()
  const registers = [registry]
  return {
    registry,
    rounds: new Counter({
      name: 'grid_keeper_rounds_total',
      help: 'Rounds by result: done or failed.',
      labelNames: ['result'],
      registers,
    }),
    steps: new Counter({
      name: 'grid_keeper_steps_total',
      help: 'Transactions by kind (settle, poke, expire, useCredit) and result: done or failed.',
      labelNames: ['kind', 'result'],
      registers,
    }),
    contracts: new Gauge({ name: 'grid_keeper_contracts', help: 'Contracts that are watched.', registers }),
    lastRoundAt: new Gauge({
      name: 'grid_keeper_last_round_timestamp_seconds',
      help: 'Unix time of the last round that was done.',
      registers,
    }),
  }
}
