type Args = Readonly<Record<string, unknown>>

/** What a person can do about a refusal. Contracts' names first, then what holds for any of them. */
const ADVICE: Readonly<Record<string, string | ((args: Args) => string)>> = {
  FarmRegistry_InvalidName: 'Use 3 to 40 of a-z, 0-9, - and _, starting and ending with a letter or digit.',
  FarmRegistry_NameTaken: 'Choose another name.',
  FarmRegistry_UnknownFarm: 'List the farms with `grid farm list`.',
  FarmRegistry_NotOwner: 'Sign with the key of the farm’s owner.',
  FarmRegistry_NotOffered: 'The owner must offer the farm to this address first.',
  NodeRegistry_UnknownNode: 'List the nodes with `grid node list`.',
  NodeRegistry_KeyTaken: 'One key stands for one machine: start the second machine with a key of its own.',
  NodeRegistry_TooSmall: 'A node needs at least 1 thread and 2 GiB of memory.',
  NodeRegistry_InvalidFarmerSignature: 'The farm’s owner must sign the invite for this chain and this registry.',
  NodeRegistry_InvalidNodeSignature: 'The node’s own key must sign the joining for this chain and this registry.',
  NodeRegistry_CapacityExceeded: 'Ask for less, or choose another node with `grid node list`.',
  NodeRegistry_InUse: 'Wait until its contracts have ended, or close them.',
  PublicIps_NotPublicUnicast: 'Only public unicast IPv4 addresses can be rented out.',
  PublicIps_Taken: 'The address already belongs to a farm.',
  PublicIps_NotEnough: 'Ask for fewer addresses, or choose a node of another farm.',
  PublicIps_Reserved: 'A live contract uses the address; remove it when the contract has ended.',
  DeploymentContracts_InvalidSignature: 'Sign again with the customer’s key, for this chain and this contract.',
  DeploymentContracts_NonceUsed: 'This offer was used already. Sign a new one.',
  DeploymentContracts_NotAccountOwner: 'Name an account of the customer: `grid account list`.',
  DeploymentContracts_RateAboveCap: 'Raise the cap per hour, or ask for less.',
  DeploymentContracts_NotCustomer: 'Sign with the key of the contract’s customer.',
  DeploymentContracts_InvalidWorkloadName: 'Name the workload kind/name, such as container/web.',
  DeploymentContracts_UnknownContract: 'List the contracts with `grid contract list`.',
  DeploymentContracts_StillLive: 'Only its customer can close a contract that is still paid for.',
  GridLedger_UnknownAccount: 'Open one with `grid account open`.',
  GridLedger_NotOwner: 'Sign with the key of the account’s owner.',
  GridLedger_InsufficientFunds: ({ shortfall, accountId }) =>
    `Deposit at least ${String(shortfall)} of the token's smallest unit into account ${String(accountId)}.`,
  GridLedger_NotActive: 'The account ran dry: deposit until it is active again.',
  GridLedger_Expired: 'An expired account is final: withdraw what is left and open another account.',
  GridLedger_NoPrice: 'The price feed has given no price yet: wait for the oracle, or run `grid doctor`.',
  GridLedger_Paused: 'New obligations are paused by the guardian. Exits, withdrawals and settlements stay open.',
  PriceFeed_Stale: 'Observe the price again and sign it now.',
  PriceFeed_SignersNotSorted: 'Sort the signed prices by their signers’ addresses, each once.',
  MintingOracle_TooEarly: ({ earliest }) => `Try again at ${when(earliest)}.`,
  MintingOracle_WindowOpen: ({ windowEnd }) => `The challenge window ends at ${when(windowEnd)}.`,
  MintingOracle_SignersNotSorted: 'Sort the signatures by their signers’ addresses, each once.',
  RewardDistributor_InvalidProof: 'Fetch the claims file of the last final period and try again.',
  RewardDistributor_NothingLive: 'No minting period is final yet: see `grid oracle status`.',
  FarmVotes_NotLastFinal: ({ lastFinal }) => `Prove the receipts of period ${String(lastFinal)}.`,
  FarmVotes_NotFinal: 'Wait until the period is final: see `grid oracle status`.',
  ERC20InsufficientBalance: 'The wallet holds too few tokens: send it more, or use less.',
  ERC20InsufficientAllowance: 'Approve the amount first, or deposit with a permit.',
  ERC2612ExpiredSignature: 'The permit has expired: sign a new one.',
  ERC2612InvalidSigner: 'The permit must be signed by the wallet that pays, for this chain and this token.',
  AccessManagedUnauthorized: 'Only governance can do this: propose it with `grid dao propose`.',
  AccessManagerUnauthorizedAccount: 'Only governance can do this: propose it with `grid dao propose`.',
  GovernorInsufficientProposerVotes: 'Bring more of your farm’s weight on chain, or have it delegated to you.',
  GovernorUnexpectedProposalState: 'Look at the proposal’s state with `grid dao show`.',
  GovernorAlreadyCastVote: 'Each account votes once on a proposal.',
  GovernorNonexistentProposal: 'List the proposals with `grid dao list`.',
  TimelockUnexpectedOperationState: 'Wait until the delay of the timelock has passed: see `grid dao show`.',
  Error: 'Check the arguments.',
  Panic: 'This is a defect of the contract: please report it with the command that you ran.',
  UnknownError: 'The error is in no ABI that this build knows: run `npm run build` and try again.',
}

/** Conditions that read alike whichever contract names them. */
const CONDITION_ADVICE: Readonly<Record<string, string>> = {
  WrongAction: 'Sign the fixed text that the contract expects.',
  SignatureExpired: 'Sign again with a later end.',
  OfferExpired: 'Sign a new offer.',
  NonceUsed: 'This message was used or cancelled. Sign a new one.',
  AlreadyClosed: 'Nothing is left to do.',
  ZeroAddress: 'Give an address that is not zero.',
  InvalidPpm: 'Give parts in a million, at most 1,000,000.',
}

/** A sentence on what to do about a custom error. */
export function advice(errorName: string, args: Args): string {
  const own = ADVICE[errorName]
  if (own !== undefined) return typeof own === 'string' ? own : own(args)
  return CONDITION_ADVICE[errorName.split('_')[1] ?? ''] ?? 'Check the arguments and the state of what you name.'
}

/** A point in time that came from chain as Unix seconds. */
function when(seconds: unknown): string {
  return typeof seconds === 'bigint' && seconds < 8_640_000_000_000n
    ? new Date(Number(seconds) * 1000).toISOString()
    : String(seconds)
}
