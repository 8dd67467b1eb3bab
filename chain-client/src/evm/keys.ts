import { readFile, stat } from 'node:fs/promises'

import { GridError } from '@grid/model'
import { Wallet, isKeystoreJson, type Signer } from 'ethers'

/** Thrown when a file that holds a secret can be read by others than its owner. */
export class KeyFileTooOpenError extends GridError {
  constructor(path: string, mode: number) {
    super(
      `Others can read ${path} (mode ${mode.toString(8).padStart(4, '0')}), expected 0600. Run \`chmod 600 ${path}\`, ` +
        `and use a new key if the machine has other users.`,
      { path, mode },
    )
  }
}

/** Thrown when a key file is missing or does not hold what it should. The text never repeats what is in it. */
export class InvalidKeyFileError extends GridError {
  constructor(path: string, problem: string, options?: { cause?: unknown }) {
    super(`The key file ${path} cannot be used: ${problem}.`, { path, problem }, options)
  }
}

/** A signer from a file with one private key in hex. */
export async function signerFromKeyFile(path: string): Promise<Wallet> {
  const text = (await readSecret(path)).trim()
  if (!/^(0x)?[0-9a-f]{64}$/i.test(text)) {
    throw new InvalidKeyFileError(path, 'expected one line with a private key of 64 hex digits')
  }
  try {
    return new Wallet(text.startsWith('0x') ? text : `0x${text}`)
  } catch {
    throw new InvalidKeyFileError(path, 'the number in it is not a private key of secp256k1')
  }
}

/** A signer from an encrypted keystore (Web3 Secret Storage) and a file with its password. */
export async function signerFromKeystore(path: string, passwordFile: string): Promise<Signer> {
  const json = await readSecret(path)
  const password = (await readSecret(passwordFile)).replace(/\r?\n$/, '')
  if (!isKeystoreJson(json)) throw new InvalidKeyFileError(path, 'it is not an encrypted keystore (version 3 JSON)')
  try {
    return await Wallet.fromEncryptedJson(json, password)
  } catch (cause) {
    throw new InvalidKeyFileError(path, `the password in ${passwordFile} does not open it`, { cause })
  }
}

/** Reads a file that only its owner may read. */
async function readSecret(path: string): Promise<string> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new InvalidKeyFileError(path, 'there is no such file', { cause })
  })
  const mode = info.mode & 0o777
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) throw new KeyFileTooOpenError(path, mode)
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new InvalidKeyFileError(path, 'it cannot be read', { cause })
  })
}
