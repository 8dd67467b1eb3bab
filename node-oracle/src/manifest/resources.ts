import { MIB, mulDivUp } from '@grid/model'
import type { Deployment } from './schema.ts'

/** What a deployment takes, in the units of an IT contract. */
export interface ManifestResources {
  readonly vcpu: number
  readonly memoryMiB: number
  readonly ssdMiB: bigint
  readonly hddMiB: bigint
  readonly publicIPv4: number
}

/** Sum over the workloads; a part of a MiB counts as a whole one. */
export function manifestResources(deployment: Deployment): ManifestResources {
  const machines = deployment.workloads.map((workload) => workload.data)
  const sum = (size: (machine: (typeof machines)[number]) => bigint) =>
    machines.reduce((total, machine) => total + size(machine), 0n)
  const inMiB = (bytes: bigint) => mulDivUp(bytes, 1n, MIB)
  return {
    vcpu: Number(sum((machine) => BigInt(machine.cpu))),
    memoryMiB: Number(sum((machine) => inMiB(BigInt(machine.memoryBytes)))),
    ssdMiB: sum((machine) => inMiB(BigInt(machine.rootBytes))),
    hddMiB: 0n,
    publicIPv4: 0,
  }
}
