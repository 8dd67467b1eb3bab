/**
 * EIP-712 types of every message that Grid signs, as ethers and wallets take them.
 *
 * Field order is part of the type hash. Sources: users.md 5.3 for the customer's messages, proof-of-capacity.md J for the oracle's.
 */
export interface TypedDataField {
  readonly name: string
  readonly type: string
}

const fields = (definition: string): TypedDataField[] =>
  definition.split(',').map((field) => {
    const [type, name] = field.trim().split(' ') as [string, string]
    return { name, type }
  })

/** Domain of all contracts but the oracle's: `{ name: 'Grid', version: '1', chainId, verifyingContract }`. */
export const GRID_DOMAIN = { name: 'Grid', version: '1' } as const
/** Domain of heartbeats and of the oracle's messages; verifyingContract is the MintingOracle. */
export const PROOF_OF_CAPACITY_DOMAIN = { name: 'ProofOfCapacity', version: '1' } as const

export const ACTIONS = {
  ITContract: 'Rent capacity on Grid',
  CancelContract: 'Cancel a contract on Grid',
  FarmInvite: 'Invite a node to my farm',
  NodeJoin: 'Join a farm',
} as const

/** Verified by DeploymentContracts. */
export const IT_CONTRACT_TYPES = {
  ITContract: fields(
    'string action,address customer,uint32 account,uint32 nodeId,string workload,uint32 vcpu,uint32 memoryMiB,uint64 ssdMiB,uint64 hddMiB,uint32 publicIPv4,address token,uint256 maxUsdPerHour,uint256 maxTotal,uint256 startsNoLaterThan,uint256 endsAt,bytes32 manifestHash,bytes32 termsHash,uint32 solutionProviderId,uint256 nonce,uint256 signatureExpires',
  ),
}
/** Verified by DeploymentContracts. */
export const CANCEL_CONTRACT_TYPES = {
  CancelContract: fields('string action,uint64 contractId,uint256 nonce,uint256 signatureExpires'),
}
/** Verified by NodeRegistry. */
export const FARM_INVITE_TYPES = {
  FarmInvite: fields('string action,uint32 farmId,address node,uint256 nonce,uint256 signatureExpires'),
}
/** Verified by NodeRegistry. */
export const NODE_JOIN_TYPES = {
  NodeJoin: fields(
    'string action,uint32 farmId,address node,uint32 cru,uint64 mruBytes,uint64 sruBytes,uint64 hruBytes,string endpoint,bytes32 hardwareHash,uint256 signatureExpires',
  ),
}
/** Verified by PriceFeed. */
export const PRICE_TYPES = { Price: fields('uint256 usdPerTokenE18,uint256 observedAt') }
/** Verified by the node; verifyingContract is DeploymentContracts. */
export const DEPLOYMENT_TYPES = {
  Deployment: fields('uint64 contractId,uint32 version,uint32 nodeId,bytes32 hash,uint64 expiry'),
}

export const HEARTBEAT_TYPES = {
  Heartbeat: fields(
    'uint32 nodeId,bytes16 bootId,uint64 seq,uint64 beaconRound,bytes32 beacon,uint32 uptime,uint8 state,bytes32 perfDigest,bytes32 prev',
  ),
}
export const HEARTBEAT_RECEIPT_TYPES = {
  HeartbeatReceipt: fields(
    'uint64 aggregatorId,uint32 nodeId,uint32 period,uint16 slot,uint64 receivedAt,bytes32 heartbeatHash',
  ),
}
export const SLOT_ROOT_TYPES = {
  SlotRoot: fields('uint64 aggregatorId,uint32 period,uint16 slot,bytes32 root,uint32 count,bytes32 fileHash'),
}
export const PERIOD_ROOTS_TYPES = {
  PeriodRoots: fields('uint32 period,bytes32 uptimeRoot,bytes32 challengeRoot,bytes32 excludedBitsHash'),
}
export const ACTIVATION_TYPES = { Activation: fields('uint32 nodeId,uint64 activatedAt') }
export const AVAILABILITY_TYPES = { Availability: fields('uint32 nodeId,bool up,uint32 period,uint16 slot') }
export const PROPOSAL_TYPES = {
  Proposal: fields(
    'uint32 period,uint16 attempt,uint8 depth,bytes32 claimsRoot,bytes32 receiptsRoot,uint256 totalUnits,uint256 periodUnits,bytes32 inputsHash,bytes32 rulesHash,string cid',
  ),
}
/** A node's cumulative counters of one contract; verifyingContract is the GridLedger. Counters are decimal bytes, nanoseconds. */
export const USAGE_REPORT_TYPES = {
  UsageReport: fields(
    'uint32 nodeId,uint64 contractId,uint64 seq,uint64 windowStart,uint64 windowEnd,uint64 publicRxBytes,uint64 publicTxBytes,uint64 cpuNs,uint256 memoryByteSeconds,uint32 incarnations,bytes32 transitionsHash,bytes32 prevHash',
  ),
}
/** An aggregator's answer to a usage report that it took; `reportHash` is the report's struct hash. */
export const USAGE_RECEIPT_TYPES = {
  UsageReceipt: fields(
    'uint64 aggregatorId,uint32 nodeId,uint64 contractId,uint64 seq,uint64 receivedAt,bytes32 reportHash',
  ),
}
