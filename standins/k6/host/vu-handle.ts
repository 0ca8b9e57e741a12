import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";

import type { CommandResult, VuCommand, VuData, VuNote } from "../protocol.ts";
import type { MetricsEngine } from "./metrics-engine.ts";
import { type SharedArrays, VuServices } from "./vu-services.ts";

const RESOURCE_LIMITS = {
  maxOldGenerationSizeMb: 128,
  maxYoungGenerationSizeMb: 4,
  stackSizeMb: 2,
};

export interface VuHost {
  metrics: MetricsEngine;
  sharedArrays: SharedArrays;
  /** The script ends the test. */
  abort(reason: string): void;
  markFailed(): void;
  iterationDone(): void;
}

/** The main thread's handle of a VU: its thread and its services. */
export class VuHandle {
  readonly #worker: Worker;
  readonly #services: VuServices;
  readonly #host: VuHost;
  readonly #port: MessagePort;
  readonly #answered: Int32Array;
  readonly #exited: Promise<CommandResult>;
  #finish: ((result: CommandResult) => void) | undefined;
  #stopped = false;

  /** @param code bundle of the thread */
  constructor(code: string, data: Omit<VuData, "port" | "signal">, host: VuHost) {
    this.#services = new VuServices(host.metrics, host.sharedArrays);
    this.#host = host;
    const { port1, port2 } = new MessageChannel();
    const signal = new SharedArrayBuffer(4);
    this.#port = port1;
    this.#answered = new Int32Array(signal);
    port1.on("message", (note: VuNote) => this.#hear(note));
    this.#worker = new Worker(code, {
      eval: true,
      workerData: { ...data, port: port2, signal } satisfies VuData,
      transferList: [port2],
      execArgv: ["--experimental-vm-modules", "--no-warnings"],
      resourceLimits: RESOURCE_LIMITS,
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once("error", (error) =>
        resolve({ error: `k6-double: VU died: ${error.message}` }),
      );
      this.#worker.once("exit", () => {
        this.#stopped = true;
        // Read the messages that have not been read yet.
        for (let last = receive(port1); last !== undefined; last = receive(port1)) this.#hear(last);
        port1.close();
        this.#services.stop();
        resolve({ error: INTERRUPTED });
      });
    });
  }

  #hear(note: VuNote): void {
    const { metrics } = this.#host;
    switch (note.note) {
      case "call":
        void this.#services.answer(note.op, note.payload).then((reply) => {
          this.#port.postMessage(reply);
          Atomics.add(this.#answered, 0, 1);
          Atomics.notify(this.#answered, 0);
        });
        break;
      case "call-async":
        void this.#services
          .answer(note.op, note.payload)
          .then((reply) => this.#send({ command: "settle", id: note.id, reply }));
        break;
      case "metric":
        metrics.declare(note.name, note.type, note.isTime);
        break;
      case "sample":
        metrics.sample(note.metric, note.value, note.tags);
        break;
      case "check":
        metrics.check(note.name, note.passed, note.tags);
        break;
      case "iteration":
        metrics.sample("iterations", 1, note.tags);
        metrics.sample("iteration_duration", note.durationMs, note.tags);
        this.#host.iterationDone();
        break;
      case "abort":
        this.#host.abort(note.reason);
        void this.stop();
        break;
      case "mark-failed":
        this.#host.markFailed();
        break;
      case "done":
        this.#finish?.(note.result);
    }
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Runs a command in the thread. If the VU is stopped, the error is {@link INTERRUPTED}. */
  async execute(command: Exclude<VuCommand, { command: "settle" }>): Promise<CommandResult> {
    const done = new Promise<CommandResult>((resolve) => {
      this.#finish = resolve;
    });
    this.#send(command);
    return Promise.race([done, this.#exited]);
  }

  /** Ends the thread at once: no more code of the script runs. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #send(command: VuCommand): void {
    this.#worker.postMessage(command);
  }
}

export const INTERRUPTED = "k6-double: interrupted";

function receive(port: MessagePort): VuNote | undefined {
  return (receiveMessageOnPort(port) as { message: VuNote } | undefined)?.message;
}
