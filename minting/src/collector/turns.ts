/** Runs tasks of one key one after the other; keys do not wait for each other. */
export class Turns<Key> {
  private readonly last = new Map<Key, Promise<unknown>>()

  async take<T>(key: Key, act: () => Promise<T>): Promise<T> {
    const turn = (this.last.get(key) ?? Promise.resolve()).then(act, act)
    this.last.set(key, turn)
    try {
      return await turn
    } finally {
      if (this.last.get(key) === turn) this.last.delete(key)
    }
  }
}
