import { ContractRevertError, NotEnoughGasError, RpcUnavailableError, WrongChainError } from '@grid/chain-client'
import { expect } from 'chai'

import { NotEnoughFundsError } from './errors.ts'
import { exitCodeOf } from './exit-codes.ts'

describe('exitCodeOf', () => {
  for (const errorName of [
    'GridLedger_InsufficientFunds',
    'GridLedger_ExceedsFunds',
    'GridLedger_ExceedsCredit',
    'ERC20InsufficientBalance',
  ]) {
    it(`is 5 when a contract refuses with ${errorName}`, () => {
      expect(exitCodeOf(new ContractRevertError(errorName, {}))).to.equal(5)
    })
  }

  it('is 5 for too few tokens, and for no coin to pay gas with', () => {
    expect(exitCodeOf(new NotEnoughFundsError('too few'))).to.equal(5)
    expect(exitCodeOf(new NotEnoughGasError('0x1'))).to.equal(5)
  })

  it('is 1 for every other refusal, another chain, and an endpoint that is gone', () => {
    expect(exitCodeOf(new ContractRevertError('DeploymentContracts_NonceUsed', {}))).to.equal(1)
    expect(exitCodeOf(new WrongChainError(1n, 2n, 'http://x'))).to.equal(1)
    expect(exitCodeOf(new RpcUnavailableError('http://x'))).to.equal(1)
  })
})
