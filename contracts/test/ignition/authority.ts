import type { BaseContract, EventLog } from 'ethers'

/** Who may do what, as the events of an AccessManager tell it from its first block on. */
export interface Authority {
  /** Holders of each role. */
  readonly holders: ReadonlyMap<bigint, ReadonlySet<string>>
  /** Role of each function that has one of its own, as `target:selector`; all others belong to the admin. */
  readonly roles: ReadonlyMap<string, bigint>
}

async function eventsOf(manager: BaseContract, name: string): Promise<EventLog[]> {
  return (await manager.queryFilter(name, 0)) as EventLog[]
}

const inOrder = (a: EventLog, b: EventLog) => a.blockNumber - b.blockNumber || a.index - b.index

/** Reads the authority of a grid from events alone, so that nothing granted on the way is overlooked. */
export async function readAuthority(manager: BaseContract): Promise<Authority> {
  const holders = new Map<bigint, Set<string>>()
  const changes = [...(await eventsOf(manager, 'RoleGranted')), ...(await eventsOf(manager, 'RoleRevoked'))].sort(
    inOrder,
  )
  for (const { eventName, args } of changes) {
    const role = holders.get(args['roleId'] as bigint) ?? new Set<string>()
    if (eventName === 'RoleGranted') role.add(args['account'] as string)
    else role.delete(args['account'] as string)
    holders.set(args['roleId'] as bigint, role)
  }
  const roles = new Map<string, bigint>()
  for (const { args } of (await eventsOf(manager, 'TargetFunctionRoleUpdated')).sort(inOrder)) {
    roles.set(`${args['target'] as string}:${args['selector'] as string}`, args['roleId'] as bigint)
  }
  return { holders, roles }
}
