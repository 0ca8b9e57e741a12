/** One link that can be cut: a TCP relay in front of an address. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

interface Pair {
  near: Socket;
  far: Socket;
}

const LOOPBACK = "127.0.0.1";

/**
 * While a link is cut, no byte passes and neither end is told, as if every packet was dropped. New
 * connections hang. Afterwards what waited passes, as after a retransmission.
 */
export class Link {
  readonly #to: number;
  readonly #pairs = new Set<Pair>();
  /** Connections that came while the link was cut. */
  readonly #waiting = new Set<Socket>();
  /** Ends of connections that came meanwhile. */
  #ends: (() => void)[] = [];
  #isCut = false;

  /** @param to a port of 127.0.0.1 */
  constructor(to: number) {
    this.#to = to;
  }

  /** Takes connections at a port of 127.0.0.1. @throws if it is taken */
  async listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      if (this.#isCut) this.#waiting.add(socket);
      else this.#join(socket);
    });
    server.listen(port, LOOPBACK);
    await once(server, "listening");
  }

  cut(): void {
    this.#isCut = true;
    for (const { near, far } of this.#pairs) {
      near.unpipe(far).pause();
      far.unpipe(near).pause();
    }
  }

  mend(): void {
    this.#isCut = false;
    for (const pair of this.#pairs) pass(pair);
    for (const end of this.#ends.splice(0)) end();
    for (const socket of this.#waiting) if (!socket.destroyed) this.#join(socket);
    this.#waiting.clear();
  }

  #join(near: Socket): void {
    const far = connect({ host: LOOPBACK, port: this.#to, allowHalfOpen: true });
    far.setNoDelay(true);
    const pair = { near, far };
    this.#pairs.add(pair);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      // What is reset here is reset there.
      one.on("error", () => this.#whenOpen(() => other.resetAndDestroy()));
      one.on("close", () => this.#whenOpen(() => this.#leave(pair)));
    }
    if (!this.#isCut) pass(pair);
  }

  #leave(pair: Pair): void {
    const { near, far } = pair;
    if (near.destroyed && far.destroyed) this.#pairs.delete(pair);
  }

  #whenOpen(action: () => void): void {
    if (this.#isCut) this.#ends.push(action);
    else action();
  }
}

/** The end of one direction ends the other side's, and only that. */
function pass({ near, far }: Pair): void {
  near.pipe(far);
  far.pipe(near);
}
