import { availableParallelism } from "node:os";
import type { EngineObservation } from "../../../history/observation.ts";
import { readGroupUsage } from "./process-usage.ts";

/** What k6 used: read now and then while it runs, because afterwards nobody can tell. */
export class K6UsageMeter {
  readonly #group: number;
  #cpuSeconds: number | undefined;
  #rssBytes: number | undefined;
  /** Of the measured load: first and last reading. */
  #first: { cpuSeconds: number; atMs: number } | undefined;
  #last: { cpuSeconds: number; atMs: number } | undefined;

  constructor(group: number) {
    this.#group = group;
  }

  /** @param measured whether the load is on, so that the reading counts for how busy k6 was */
  read(atMs: number, measured: boolean): void {
    const usage = readGroupUsage(this.#group);
    if (usage === undefined) return;
    const { cpuSeconds, rssBytes } = usage;
    // The last reading may be of a process that is just going: what it had used does not become less.
    this.#cpuSeconds = Math.max(cpuSeconds, this.#cpuSeconds ?? 0);
    this.#rssBytes = Math.max(rssBytes, this.#rssBytes ?? 0);
    if (!measured) return;
    this.#first ??= { cpuSeconds, atMs };
    this.#last = { cpuSeconds, atMs };
  }

  /** Undefined figures where nobody could look. */
  figures(): Pick<EngineObservation, "utilisation" | "cpuSeconds" | "rssBytes"> {
    const [first, last] = [this.#first, this.#last];
    const measured = first && last && last.atMs > first.atMs;
    return {
      ...(measured
        ? {
            utilisation:
              Math.max(0, last.cpuSeconds - first.cpuSeconds) /
              ((last.atMs - first.atMs) / 1000) /
              availableParallelism(),
          }
        : {}),
      ...(this.#cpuSeconds === undefined ? {} : { cpuSeconds: this.#cpuSeconds }),
      ...(this.#rssBytes === undefined ? {} : { rssBytes: this.#rssBytes }),
    };
  }
}
