import {
  callTo,
  readCurrentPricingPolicyId,
  readPricingPolicy,
  type Call,
  type ContractName,
  type GridClient,
} from '@grid/chain-client'
import { GridError } from '@grid/model'
import type { BaseContract } from 'ethers'
import { parse } from 'yaml'
import { z } from 'zod'

/** A motion as farmers write it: what is to be called, and why. */
export interface MotionText {
  readonly title: string
  readonly text: string
  readonly calls: readonly { readonly contract: string; readonly function: string; readonly args: readonly unknown[] }[]
}

/** Thrown when a motion's file cannot be used, with what is wrong. */
export class InvalidMotionError extends GridError {
  constructor(problem: string, options?: { cause?: unknown }) {
    super(
      `The motion cannot be proposed: ${problem}. Expected YAML or JSON with title, text and calls: [{contract, function, args}].`,
      { problem },
      options,
    )
  }
}

const motionSchema = z.strictObject({
  title: z.string().min(3).max(120),
  text: z.string().max(20_000).default(''),
  calls: z
    .array(
      z.strictObject({
        contract: z.string(),
        function: z.string(),
        args: z.array(z.unknown()).default([]),
      }),
    )
    .min(1),
})

/** Reads a motion; whole numbers stay exact. */
export function parseMotion(text: string): MotionText {
  const parsed = motionSchema.safeParse(parseYaml(text))
  if (parsed.success) return parsed.data
  throw new InvalidMotionError(z.prettifyError(parsed.error).replaceAll('\n', ' '), { cause: parsed.error })
}

/** What is stored on chain: the title is the first line. */
export const descriptionOf = ({ title, text }: MotionText) => (text === '' ? title : `${title}\n\n${text}`)

export const titleOf = (description: string) => description.split('\n')[0] ?? ''

/** Encodes the calls by the contracts' ABIs. */
export function encodeCalls(client: GridClient, motion: MotionText): Call[] {
  return motion.calls.map((one) => {
    const contract = contractOf(client, one.contract)
    try {
      return callTo(contract, contract.interface.encodeFunctionData(one.function, one.args))
    } catch (cause) {
      const known = contract.interface.getFunction(one.function)
      const expected = known === null ? `${one.contract} has no such function` : `expected ${known.format('full')}`
      throw new InvalidMotionError(`${one.contract}.${one.function} does not take these arguments: ${expected}`, {
        cause,
      })
    }
  })
}

/** A call as people read it: `PricingPolicies.publish(…)`; raw where no ABI knows it. */
export function describeCall(client: GridClient, { to, data }: Call): string {
  for (const name of Object.keys(client.deployment.contracts)) {
    const contract = (client.contracts as unknown as Record<string, BaseContract | undefined>)[name]
    if (contract?.target !== to) continue
    const parsed = contract.interface.parseTransaction({ data })
    if (parsed !== null) return `${name}.${parsed.name}(${parsed.args.map(shown).join(', ')})`
  }
  return `${to} ${data}`
}

/** Prices of a policy that can be voted on, by the names that `--price-policy` takes. */
const PRICE_FIELDS = {
  cu: 'cuUsdUnits',
  su: 'suUsdUnits',
  ipv4: 'ipv4UsdUnits',
  name: 'nameUsdUnits',
  nu: 'nuUsdUnits',
  dedicationDiscount: 'dedicationDiscountPpm',
  certifiedSurcharge: 'certifiedSurchargePpm',
} as const
type PriceField = keyof typeof PRICE_FIELDS

/** A motion that publishes the current pricing policy with some prices changed: `cu=110000,su=50000`. */
export async function priceMotion(client: GridClient, changes: string): Promise<MotionText> {
  const changed = new Map(changes.split(',').map(parseChange))
  const current = await readPricingPolicy(client, await readCurrentPricingPolicyId(client))
  const names = Object.keys(PRICE_FIELDS) as PriceField[]
  const policy = Object.fromEntries(names.map((name) => [PRICE_FIELDS[name], changed.get(name) ?? current[name]]))
  const lines = [...changed].map(([name, value]) => `- ${PRICE_FIELDS[name]}: ${current[name]} -> ${value}`)
  return {
    title: `Change prices: ${[...changed].map(([name, value]) => `${name} ${current[name]} to ${value}`).join(', ')}`,
    text: `For contracts that are opened from then on; others keep their prices.\n\n${lines.join('\n')}`,
    calls: [{ contract: 'PricingPolicies', function: 'publish', args: [policy] }],
  }
}

function parseChange(text: string): [PriceField, bigint] {
  const [, name = '', value = ''] = /^(\w+)=(\d{1,19})$/.exec(text.trim()) ?? []
  if (name in PRICE_FIELDS) return [name as PriceField, BigInt(value)]
  throw new InvalidMotionError(
    `"${text}" is no price: expected name=units, names being ${Object.keys(PRICE_FIELDS).join(', ')}, units 10^-7 USD an hour or ppm`,
  )
}

function contractOf(client: GridClient, name: string): BaseContract {
  const contract = (client.contracts as unknown as Record<ContractName, BaseContract | undefined>)[name as ContractName]
  if (contract !== undefined) return contract
  throw new InvalidMotionError(
    `there is no contract ${name}; there are ${Object.keys(client.deployment.contracts).join(', ')}`,
  )
}

function parseYaml(text: string): unknown {
  try {
    return parse(text, { intAsBigInt: true }) as unknown
  } catch (cause) {
    throw new InvalidMotionError(cause instanceof Error ? cause.message : 'it is neither YAML nor JSON', { cause })
  }
}

function shown(value: unknown): string {
  return Array.isArray(value) ? `(${value.map(shown).join(', ')})` : String(value)
}
