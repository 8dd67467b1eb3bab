import { Command } from '@commander-js/extra-typings'
import {
  depositWithPermit,
  depositWithPermitCall,
  openAccount,
  openAccountCall,
  openAccountWithPermit,
  openAccountWithPermitCall,
  readAccount,
  readAccountIdsOf,
  readTokenBalance,
  signPermit,
  withdraw,
  withdrawCall,
  withdrawCredit,
  withdrawCreditCall,
  type Account,
} from '@grid/chain-client'
import type { AccountId, Hex, TokenUnits } from '@grid/model'

import { accountText, accountValue } from '../account/describe.ts'
import { act } from '../cli/act.ts'
import { NotEnoughFundsError, UsageError } from '../cli/errors.ts'
import { address, readingCommand, signingCommand, uint32, type SigningFlags } from '../cli/flags.ts'
import { amountOf, date, parseTokens, tokens } from '../cli/format.ts'
import { perform, type Outcome } from '../cli/outcome.ts'
import { actingSession, type Session, type SigningSession } from '../cli/session.ts'
import { columns } from '../cli/text.ts'

/** `grid account`: show, list, open, deposit, withdraw. */
export function createCommand() {
  return new Command('account')
    .summary('accounts: funds, runway, deposits, withdrawals')
    .addCommand(
      readingCommand('show', 'funds, reserve, credit and how long they last')
        .requiredOption('--account <id>', 'which account', uint32)
        .action((flags) => perform(flags, (session) => showAccount(session, flags.account))),
    )
    .addCommand(
      readingCommand('list', 'the accounts of an address')
        .requiredOption('--owner <address>', 'whose', address)
        .action((flags) => perform(flags, (session) => listAccounts(session, flags.owner))),
    )
    .addCommand(
      signingCommand('open', 'open an account, and pay in with --deposit, in one transaction')
        .option('--deposit <tokens>', 'tokens to pay in, such as 12.5')
        .action((flags) => perform(flags, (session) => open(session, flags))),
    )
    .addCommand(
      signingCommand('deposit', 'pay into an account, of anybody')
        .requiredOption('--account <id>', 'which account', uint32)
        .requiredOption('--amount <tokens>', 'tokens, such as 12.5')
        .action((flags) => perform(flags, (session) => deposit(session, flags))),
    )
    .addCommand(
      signingCommand('withdraw', 'take funds, or refunds with --credit, out of your account')
        .requiredOption('--account <id>', 'which account', uint32)
        .requiredOption('--amount <tokens>', 'tokens, such as 12.5, or "all"')
        .option('--credit', 'take from the refunds instead of the funds')
        .option('--to <address>', 'who gets them; you unless told', address)
        .action((flags) => perform(flags, (session) => withdrawFrom(session, flags))),
    )
}

async function showAccount(session: Session, accountId: AccountId): Promise<Outcome> {
  const account = await readAccount(session.client, accountId)
  return { value: { account: accountValue(account, session.token) }, text: accountText(account, session.token) }
}

async function listAccounts({ client, token }: Session, owner: Hex): Promise<Outcome> {
  const ids = await readAccountIdsOf(client, owner)
  const accounts = await Promise.all(ids.map((accountId) => readAccount(client, accountId)))
  return {
    value: { accounts: accounts.map((account) => accountValue(account, token)) },
    text:
      accounts.length === 0
        ? `${owner} has no account. Open one with \`grid account open\`.`
        : columns(
            ['account', 'state', 'funds', 'credit', 'contracts', 'lasts until'],
            accounts.map(({ accountId, state, funds, credit, liveContracts, depletesAt }) => [
              ...[accountId, state, tokens(funds, token), tokens(credit, token), liveContracts],
              depletesAt === null ? 'nothing burns' : date(depletesAt),
            ]),
          ),
  }
}

async function open(base: Session, flags: SigningFlags & { deposit?: string }): Promise<Outcome> {
  const session = await actingSession(base, flags)
  if (flags.deposit === undefined) return openEmpty(session)
  const { client, token } = session
  const amount = parseTokens(flags.deposit, token)
  await requireTokens(session, amount)
  const permit = await signPermit(client, { amount })
  return act(session, {
    intent: `Open an account for ${session.address} and pay in ${tokens(amount, token)}, by a permit for exactly that.`,
    changes: { owner: session.address, deposit: amountOf(amount, token) },
    call: openAccountWithPermitCall(client, permit),
    send: (options) => openAccountWithPermit(client, permit, options),
    tell: (event) => ({
      value: { ...event, amount: amountOf(event.amount, token) },
      text: `Account ${event.accountId} is open, with ${tokens(event.amount, token)}.`,
    }),
    next: ({ accountId }) => `grid deploy FILE --account ${accountId}`,
  })
}

function openEmpty(session: SigningSession): Promise<Outcome> {
  const { client, address: owner } = session
  return act(session, {
    intent: `Open an empty account for ${owner}.`,
    changes: { owner },
    call: openAccountCall(client, owner),
    send: (options) => openAccount(client, owner, options),
    tell: (event) => ({ value: { ...event }, text: `Account ${event.accountId} is open.` }),
    next: ({ accountId }) => `grid account deposit --account ${accountId} --amount 100`,
  })
}

async function deposit(base: Session, flags: SigningFlags & { account: AccountId; amount: string }): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const { client, token } = session
  const amount = parseTokens(flags.amount, token)
  const before = await readAccount(client, flags.account)
  await requireTokens(session, amount)
  const payment = { accountId: before.accountId, permit: await signPermit(client, { amount }) }
  return act(session, {
    intent: `Pay ${tokens(amount, token)} from ${session.address} into account ${before.accountId} (${before.state}, ${tokens(before.funds, token)} now).`,
    changes: {
      accountId: before.accountId,
      amount: amountOf(amount, token),
      fundsBefore: amountOf(before.funds, token),
    },
    call: depositWithPermitCall(client, payment),
    send: (options) => depositWithPermit(client, payment, options),
    tell: (event) => ({
      value: { ...event, amount: amountOf(event.amount, token) },
      text: `${tokens(event.amount, token)} went into account ${event.accountId}.`,
    }),
    next: ({ accountId }) => `grid account show --account ${accountId}`,
  })
}

async function withdrawFrom(
  base: Session,
  flags: SigningFlags & { account: AccountId; amount: string; credit?: true; to?: Hex },
): Promise<Outcome> {
  const session = await actingSession(base, flags)
  const { client, token } = session
  const account = await readAccount(client, flags.account)
  const kind = flags.credit === true ? 'credit' : 'funds'
  const withdrawal = {
    accountId: account.accountId,
    amount: amountToWithdraw(account, kind, flags.amount, session),
    to: flags.to ?? session.address,
  }
  const isCredit = kind === 'credit'
  return act(session, {
    intent: `Take ${tokens(withdrawal.amount, token)} of the ${kind} of account ${account.accountId} to ${withdrawal.to}.`,
    changes: { ...withdrawal, kind, amount: amountOf(withdrawal.amount, token) },
    call: (isCredit ? withdrawCreditCall : withdrawCall)(client, withdrawal),
    send: (options) => (isCredit ? withdrawCredit : withdraw)(client, withdrawal, options),
    tell: (event) => ({
      value: { ...event, amount: amountOf(event.amount, token) },
      text: `${tokens(event.amount, token)} went to ${event.to}.`,
    }),
  })
}

function amountToWithdraw(account: Account, kind: 'funds' | 'credit', text: string, { token }: Session): TokenUnits {
  const available = account[kind]
  if (text === 'all') {
    if (kind === 'funds' && account.rate > 0n) {
      throw new UsageError('Funds burn by the second while contracts run: name an amount instead of "all".')
    }
    return available
  }
  const amount = parseTokens(text, token)
  if (amount > available) {
    throw new NotEnoughFundsError(
      `Account ${account.accountId} has ${tokens(available, token)} of ${kind}, ${tokens(amount, token)} were asked for.`,
      { available, amount },
    )
  }
  return amount
}

async function requireTokens({ client, address: payer, token }: SigningSession, amount: TokenUnits): Promise<void> {
  const balance = await readTokenBalance(client, payer)
  if (balance >= amount) return
  throw new NotEnoughFundsError(
    `${payer} holds ${tokens(balance, token)}, ${tokens(amount - balance, token)} too few to pay in ${tokens(amount, token)}.`,
    { balance, amount },
  )
}
