/**
 * Spreads connecting over turns of the event loop: thousands of sockets opened in one turn would
 * stall it.
 */
export class ConnectThrottle {
  readonly #perTurn: number;
  #waiting: (() => void)[] = [];
  #turn: NodeJS.Immediate | undefined;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  add(open: () => void): void {
    this.#waiting.push(open);
    this.#turn ??= setImmediate(() => this.#openSome());
  }

  /** Forgets all that wait. */
  close(): void {
    if (this.#turn) clearImmediate(this.#turn);
    this.#waiting = [];
  }

  #openSome(): void {
    for (const open of this.#waiting.splice(0, this.#perTurn)) open();
    this.#turn = this.#waiting.length > 0 ? setImmediate(() => this.#openSome()) : undefined;
  }
}
