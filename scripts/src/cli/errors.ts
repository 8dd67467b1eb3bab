import { GridError } from '@grid/model'

/** Thrown when a command is called in a way that cannot be right. */
export class UsageError extends GridError {}

/** Thrown when the user says no, or presses Ctrl-C. */
export class CancelledError extends GridError {
  constructor() {
    super('Cancelled. Nothing was sent.')
  }
}

/** Thrown when the money that an action needs is not there, with what is missing. */
export class NotEnoughFundsError extends GridError {}

/** Thrown when something was awaited for longer than --timeout. */
export class WaitTimeoutError extends GridError {
  constructor(what: string, timeoutSeconds: number, hint: string) {
    super(`Waited ${timeoutSeconds} s for ${what}. ${hint}`, { what, timeoutSeconds })
  }
}

/** Thrown when a first part was done and a second was not: the text says how to go on. */
export class PartlyDoneError extends GridError {}
