import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";

import type { CallName, Calls, VuNote } from "../protocol.ts";

/** A VU's connection to the main thread, which does all I/O. */
export class HostLink {
  readonly #port: MessagePort;
  readonly #signal: Int32Array;
  readonly #settling = new Map<number, (reply: unknown) => void>();
  #lastId = 0;

  constructor(port: MessagePort, signal: SharedArrayBuffer) {
    this.#port = port;
    this.#signal = new Int32Array(signal);
  }

  /** Calls and blocks the VU's thread until the answer: no timer fires and no callback runs. */
  call<Name extends CallName>(op: Name, payload: Calls[Name]["payload"]): Calls[Name]["reply"] {
    this.tell({ note: "call", op, payload });
    for (;;) {
      const seen = Atomics.load(this.#signal, 0);
      const received = receiveMessageOnPort(this.#port) as
        { message: Calls[Name]["reply"] } | undefined;
      if (received !== undefined) return received.message;
      Atomics.wait(this.#signal, 0, seen);
    }
  }

  /** Calls without blocking. */
  callAsync<Name extends CallName>(
    op: Name,
    payload: Calls[Name]["payload"],
    settled: (reply: Calls[Name]["reply"]) => void,
  ): void {
    const id = ++this.#lastId;
    this.#settling.set(id, settled as (reply: unknown) => void);
    this.tell({ note: "call-async", id, op, payload });
  }

  settle(id: number, reply: unknown): void {
    const settled = this.#settling.get(id);
    this.#settling.delete(id);
    settled?.(reply);
  }

  tell(note: VuNote): void {
    this.#port.postMessage(note);
  }
}
