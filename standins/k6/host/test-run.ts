import { writeFileSync } from "node:fs";

import { writeLog, writeWhole } from "../log-line.ts";
import type {
  CommandResult,
  InitResult,
  LogSettings,
  ScenarioState,
  ScriptFile,
  VuData,
} from "../protocol.ts";
import { vuIdsOfSegment } from "./execution-segment.ts";
import { EXIT, ExitError } from "./exit-codes.ts";
import { MetricsEngine } from "./metrics-engine.ts";
import type { RunFlags } from "./parse-flags.ts";
import { pointWriter } from "./point-writer.ts";
import { readOptions, type RunOptions } from "./read-options.ts";
import { INTERRUPTED, VuHandle } from "./vu-handle.ts";
import { SharedArrays } from "./vu-services.ts";
import { within } from "./within.ts";

/** VUs that start at the same time. More than the cores would only delay each other. */
const STARTING = 2;
/** How often k6 looks at thresholds that abort the test. */
const EVALUATION_MS = 2_000;
const SUMMARY_FAILED = "failed to handle the end-of-test summary";
const COUNTERS = { completed: 0, interrupted: 1, active: 2, initialized: 3 } as const;

/** One `run` of the double. */
export class TestRun {
  readonly #code: string;
  readonly #script: ScriptFile;
  readonly #flags: RunFlags;
  readonly #log: LogSettings;
  readonly #metrics: MetricsEngine;
  readonly #sharedArrays = new SharedArrays();
  readonly #counterBytes = new SharedArrayBuffer(16);
  readonly #counters = new Int32Array(this.#counterBytes);
  readonly #vus: VuHandle[] = [];
  /** Runs setup(), teardown() and handleSummary(). Its ids are 0. */
  #main: VuHandle;
  #testStartedAt = 0;
  #begun = false;
  /** The first reason for an exit code other than 0. */
  #ending: ExitError | undefined;

  /** @param code bundle of the VUs' threads */
  constructor(code: string, script: ScriptFile, flags: RunFlags, log: LogSettings) {
    this.#code = code;
    this.#script = script;
    this.#flags = flags;
    this.#log = log;
    this.#metrics = new MetricsEngine(flags.jsonOutput && pointWriter(flags.jsonOutput));
    this.#main = this.#createVu(0, 0);
  }

  /** Logs the error, if any. @returns the exit code */
  async run(): Promise<number> {
    try {
      await this.#runTest();
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      this.#end(error);
    } finally {
      await this.#stopVus([...this.#vus, this.#main]);
    }
    if (this.#ending !== undefined) {
      writeLog(this.#log, "error", this.#ending.message, {});
    }
    return this.#ending?.exitCode ?? 0;
  }

  /** Ends the test on a signal: the VUs stop at once; teardown() and handleSummary() still run. */
  interrupt(signal: string): void {
    this.#interrupt(
      new ExitError(
        `test run was aborted because k6 received a '${signal}' signal`,
        EXIT.externalAbort,
      ),
    );
  }

  #interrupt(reason: ExitError): void {
    this.#end(reason);
    // After the start of the iterations the main VU is idle or runs teardown().
    void this.#stopVus(this.#begun ? this.#vus : [...this.#vus, this.#main]);
  }

  async #runTest(): Promise<void> {
    const init = parseResult(
      await this.#main.execute({ command: "init" }),
      EXIT.scriptException,
    ) as InitResult;
    const options = readOptions(init.options);
    if (!init.exports.includes(options.scenario.exec)) {
      throw new ExitError(
        `executor ${options.scenario.name}: ` +
          `function '${options.scenario.exec}' not found in exports`,
        EXIT.invalidConfig,
      );
    }
    this.#metrics.setThresholds(options.thresholds, !this.#flags.noThresholds);
    const { executionSegment, executionSegmentSequence } = this.#flags;
    const ids = vuIdsOfSegment(options.scenario.vus, executionSegment, executionSegmentSequence);
    await this.#startVus(ids);

    this.#testStartedAt = performance.timeOrigin + performance.now();
    const has = (name: string) => init.exports.includes(name);
    const setupData = has("setup") && !this.#hasEnded() ? await this.#setup(options) : undefined;
    if (!this.#hasEnded()) {
      await this.#iterate(options, ids.length, setupData);
      if (has("teardown")) await this.#teardown(options, setupData);
    }
    await this.#summarize(options, has("handleSummary"), setupData);
  }

  async #startVus(ids: readonly number[]): Promise<void> {
    let next = 0;
    const startSome = async (): Promise<void> => {
      while (next < ids.length && this.#ending === undefined) {
        const local = ++next;
        const vu = this.#createVu(ids[local - 1] ?? 0, local);
        this.#vus.push(vu);
        parseResult(await vu.execute({ command: "init" }), EXIT.scriptException);
        this.#counters[COUNTERS.initialized] = local;
      }
    };
    await Promise.all(Array.from({ length: STARTING }, startSome));
  }

  async #setup(options: RunOptions): Promise<string | undefined> {
    const run = this.#main.execute({
      command: "setup",
      options: options.vu,
      testStartedAt: this.#testStartedAt,
    });
    const result = await within(run, options.setupTimeoutMs);
    if (result === undefined)
      await this.#timeOut(EXIT.setupTimeout, "setup()", options.setupTimeoutMs);
    else if (result.error !== undefined)
      this.#end(new ExitError(result.error, EXIT.scriptException));
    return result?.json;
  }

  async #iterate(options: RunOptions, vus: number, setupData: string | undefined): Promise<void> {
    const { name, exec, iterations, tags, env, maxDurationMs, gracefulStopMs } = options.scenario;
    const scenario: ScenarioState = {
      name,
      executor: "per-vu-iterations",
      exec,
      iterations,
      tags,
      env,
      // Whole milliseconds, as in k6.
      startTime: Date.now(),
      maxDurationMs,
    };
    this.#begun = true;
    this.#metrics.sample("vus", vus, {});
    this.#metrics.sample("vus_max", vus, {});
    this.#counters[COUNTERS.active] = vus;
    const timer = setTimeout(() => void this.#stopVus(this.#vus), maxDurationMs + gracefulStopMs);
    const watch = setInterval(() => {
      const { failed, aborts } = this.#metrics.evaluate(this.#elapsedMs() / 1000);
      const message = `thresholds on metrics '${failed.join(", ")}' were crossed, with abortOnFail`;
      if (aborts) this.#interrupt(new ExitError(message, EXIT.thresholds));
    }, EVALUATION_MS);
    const { vu, testStartedAt } = { vu: options.vu, testStartedAt: this.#testStartedAt };
    await Promise.all(
      this.#vus.map(async (handle) => {
        const result = await handle.execute({
          command: "iterate",
          options: vu,
          testStartedAt,
          scenario,
          setupData,
        });
        Atomics.sub(this.#counters, COUNTERS.active, 1);
        if (result.error !== undefined) Atomics.add(this.#counters, COUNTERS.interrupted, 1);
        // An exception of the script is not an error here: the double itself has failed.
        if (result.error !== undefined && result.error !== INTERRUPTED) {
          this.#end(new ExitError(result.error, EXIT.usage));
        }
        // Closes everything that the VU has left open.
        await handle.stop();
      }),
    );
    clearTimeout(timer);
    clearInterval(watch);
  }

  async #teardown(options: RunOptions, setupData: string | undefined): Promise<void> {
    const testStartedAt = this.#testStartedAt;
    const run = this.#main.execute({
      command: "teardown",
      options: options.vu,
      testStartedAt,
      setupData,
    });
    const result = await within(run, options.teardownTimeoutMs);
    if (result === undefined)
      await this.#timeOut(EXIT.teardownTimeout, "teardown()", options.teardownTimeoutMs);
    else if (result.error !== undefined)
      this.#end(new ExitError(result.error, EXIT.scriptException));
  }

  async #timeOut(exitCode: number, what: string, timeoutMs: number): Promise<void> {
    this.#end(
      new ExitError(`${what} execution timed out after ${timeoutMs / 1000} seconds`, exitCode),
    );
    await this.#main.stop();
  }

  async #summarize(
    options: RunOptions,
    hasHandler: boolean,
    setupData: string | undefined,
  ): Promise<void> {
    const durationMs = this.#elapsedMs();
    const { failed } = this.#metrics.evaluate(durationMs / 1000);
    if (failed.length > 0) {
      this.#end(
        new ExitError(
          `thresholds on metrics '${failed.join(", ")}' have been crossed`,
          EXIT.thresholds,
        ),
      );
    }
    if (this.#flags.noSummary) return;
    const summary = {
      ...this.#metrics.summary(options.summaryTrendStats, durationMs / 1000),
      options: { summaryTrendStats: options.summaryTrendStats, summaryTimeUnit: "", noColor: true },
      state: { isStdOutTTY: false, isStdErrTTY: false, testRunDurationMs: durationMs },
      ...(setupData === undefined ? {} : { setup_data: JSON.parse(setupData) as unknown }),
    };
    const writeOwn = () =>
      writeWhole(
        1,
        `k6-double (a contract double of k6, not k6)\n${JSON.stringify(summary, null, 2)}\n`,
      );
    if (!hasHandler) {
      writeOwn();
      return;
    }
    if (this.#main.stopped) {
      this.#main = this.#createVu(0, 0);
      await this.#main.execute({ command: "init" });
    }
    const result = await this.#main.execute({ command: "summary", data: JSON.stringify(summary) });
    if (result.error !== undefined) {
      // As in k6, the exit code stays what it is.
      writeLog(this.#log, "error", SUMMARY_FAILED, { error: result.error });
    }
    if (result.json === undefined) {
      writeOwn();
      return;
    }
    for (const [name, content] of JSON.parse(result.json) as [string, string][]) {
      if (name === "stdout") writeWhole(1, content);
      else if (name === "stderr") writeWhole(2, content);
      else this.#writeOutput(name, content);
    }
  }

  #elapsedMs(): number {
    return performance.timeOrigin + performance.now() - this.#testStartedAt;
  }

  /** @param name relative to the working folder, not to the script */
  #writeOutput(name: string, content: string): void {
    try {
      writeFileSync(name, content);
    } catch (error) {
      writeLog(this.#log, "error", SUMMARY_FAILED, { error: (error as Error).message });
    }
  }

  #createVu(idInTest: number, idInInstance: number): VuHandle {
    const data: Omit<VuData, "port" | "signal"> = {
      idInTest,
      idInInstance,
      script: this.#script,
      env: { ...(process.env as Record<string, string>), ...this.#flags.env },
      log: this.#log,
      counters: this.#counterBytes,
    };
    return new VuHandle(this.#code, data, {
      metrics: this.#metrics,
      sharedArrays: this.#sharedArrays,
      abort: (reason) =>
        this.#interrupt(new ExitError(`test aborted: ${reason}`, EXIT.scriptAborted)),
      markFailed: () =>
        this.#end(new ExitError("test run was marked as failed", EXIT.markedFailed)),
      iterationDone: () => Atomics.add(this.#counters, COUNTERS.completed, 1),
    });
  }

  async #stopVus(vus: readonly VuHandle[]): Promise<void> {
    await Promise.all(vus.map((vu) => vu.stop()));
  }

  #hasEnded(): boolean {
    return this.#ending !== undefined;
  }

  #end(reason: ExitError): void {
    this.#ending ??= reason;
  }
}

function parseResult(result: CommandResult, exitCode: number): unknown {
  if (result.error !== undefined) throw new ExitError(result.error, exitCode);
  return JSON.parse(result.json ?? "null");
}
