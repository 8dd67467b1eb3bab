import { createRequire } from 'node:module'

import ethersPlugin from '@nomicfoundation/hardhat-ethers'
import chaiMatchers from '@nomicfoundation/hardhat-ethers-chai-matchers'
import ignition from '@nomicfoundation/hardhat-ignition-ethers'
import mochaPlugin from '@nomicfoundation/hardhat-mocha'
import networkHelpers from '@nomicfoundation/hardhat-network-helpers'
import typechain from '@nomicfoundation/hardhat-typechain'
import { defineConfig } from 'hardhat/config'

const require = createRequire(import.meta.url)

/** The compiler comes pinned from npm, so that a clean clone builds without a download. */
const solc = {
  version: '0.8.37',
  path: require.resolve('solc/soljson.js'),
  isolated: false,
  settings: { evmVersion: 'cancun', optimizer: { enabled: true, runs: 200 } },
}

export default defineConfig({
  plugins: [ethersPlugin, chaiMatchers, mochaPlugin, networkHelpers, typechain, ignition],
  solidity: {
    profiles: { default: solc, production: solc },
    npmFilesToBuild: ['@openzeppelin/contracts/access/manager/AccessManager.sol'],
  },
  paths: {
    sources: './src',
    tests: './test',
    artifacts: './artifacts',
    cache: './cache',
    // The journal of a deployment lies with the state of the grid that it deployed.
    ignition: process.env['GRID_IGNITION_DIR'] ?? './ignition',
  },
  ignition: { requiredConfirmations: Number(process.env['GRID_CONFIRMATIONS'] ?? 5), blockPollingInterval: 100 },
  test: {
    mocha: { timeout: 60_000 },
    solidity: {
      fuzz: { runs: 256, seed: '0x01' },
      invariant: { runs: 64, depth: 64, failOnRevert: true },
    },
  },
  networks: {
    local: { type: 'http', chainType: 'l1', url: process.env['GRID_RPC_URL'] ?? 'http://127.0.0.1:8545' },
  },
})
