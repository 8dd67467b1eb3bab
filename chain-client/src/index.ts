// The Substrate side is imported by its own path (`@grid/chain-client/substrate/index`): its library takes long to load.
export * from './evm/index.ts'
export * from './substrate/errors.ts'
