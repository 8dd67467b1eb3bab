import type { Hex, Receipt } from '@grid/model'

import { hashEncoded } from './abi.ts'

const RECEIPT =
  'tuple(uint32 period,uint32 nodeId,uint32 farmId,address payout,uint32 policyId,uint32 priceMusd,uint16 certBps,uint16 trustBps,' +
  'tuple(uint32 cruMilli,uint64 mruBytes,uint64 sruBytes,uint64 hruBytes) paid,uint64 nruBytes,uint64 ipSeconds,' +
  'uint16 active,uint16 window,uint16 upSlots,uint32 reasonBits,uint256 reward)'

/** keccak256(abi.encode(receipt)), 19 words: what a leaf of the receipts tree commits to. Source: proof of capacity, D.3. */
export const receiptHash = (receipt: Receipt): Hex => hashEncoded([RECEIPT], [receipt])
