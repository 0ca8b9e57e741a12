import { MessageChannel, Worker } from "node:worker_threads";

import type { CommandResult, VuCommand, VuData, VuNote } from "../protocol.ts";
import type { MetricsEngine } from "./metrics-engine.ts";
import { type SharedArrays, VuServices } from "./vu-services.ts";

const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 4, stackSizeMb: 2 };

export interface VuHost {
  metrics: MetricsEngine;
  sharedArrays: SharedArrays;
  /** The script asks to end the test. */
  abort(reason: string): void;
  markFailed(): void;
  iterationDone(): void;
}

/** A VU as the main thread sees it: its thread, and what is done for it. */
export class VuHandle {
  readonly #worker: Worker;
  readonly #services: VuServices;
  readonly #exited: Promise<CommandResult>;
  #finish: ((result: CommandResult) => void) | undefined;
  #stopped = false;

  /** @param code of the thread, see bundle-vu.ts */
  constructor(code: string, data: Omit<VuData, "port" | "signal">, host: VuHost) {
    this.#services = new VuServices(host.metrics, host.sharedArrays);
    const { port1, port2 } = new MessageChannel();
    const signal = new SharedArrayBuffer(4);
    const answered = new Int32Array(signal);
    port1.on("message", (note: VuNote) => {
      switch (note.note) {
        case "call":
          void this.#services.answer(note.op, note.payload).then((reply) => {
            port1.postMessage(reply);
            Atomics.add(answered, 0, 1);
            Atomics.notify(answered, 0);
          });
          break;
        case "call-async":
          void this.#services
            .answer(note.op, note.payload)
            .then((reply) => this.#send({ command: "settle", id: note.id, reply }));
          break;
        case "metric":
          host.metrics.declare(note.name, note.type, note.isTime);
          break;
        case "sample":
          host.metrics.sample(note.metric, note.value, note.tags);
          break;
        case "check":
          host.metrics.check(note.name, note.passed, note.tags);
          break;
        case "iteration":
          host.metrics.sample("iterations", 1, note.tags);
          host.metrics.sample("iteration_duration", note.durationMs, note.tags);
          host.iterationDone();
          break;
        case "abort":
          host.abort(note.reason);
          break;
        case "mark-failed":
          host.markFailed();
          break;
        case "done":
          this.#finish?.(note.result);
      }
    });
    this.#worker = new Worker(code, {
      eval: true,
      workerData: { ...data, port: port2, signal } satisfies VuData,
      transferList: [port2],
      execArgv: ["--experimental-vm-modules", "--no-warnings"],
      resourceLimits: RESOURCE_LIMITS,
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once("error", (error) => resolve({ error: `k6-double: VU died: ${error.message}` }));
      this.#worker.once("exit", () => {
        this.#stopped = true;
        port1.close();
        this.#services.stop();
        resolve({ error: INTERRUPTED });
      });
    });
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Has the thread do something. What the script throws is the result's error; {@link INTERRUPTED} if the VU was stopped meanwhile. */
  async execute(command: Exclude<VuCommand, { command: "settle" }>): Promise<CommandResult> {
    const done = new Promise<CommandResult>((resolve) => {
      this.#finish = resolve;
    });
    this.#send(command);
    return Promise.race([done, this.#exited]);
  }

  /** Ends the thread wherever it is: nothing of the script runs any more. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #send(command: VuCommand): void {
    this.#worker.postMessage(command);
  }
}

export const INTERRUPTED = "k6-double: interrupted";
