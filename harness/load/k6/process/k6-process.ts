import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../../../common/user-error.ts";

/** Time for k6 to end by itself after SIGINT: it writes its summary. */
const INTERRUPT_MS = 3_000;
const KILL_MS = 5_000;
/** What a process writes last may arrive after its exit is known. */
const LAST_WORDS_MS = 500;
const LAST_LINES = 6;
const LAST_CHARS = 2_000;

export interface K6Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface K6ProcessOptions {
  path: string;
  args: readonly string[];
  cwd: string;
  env: Record<string, string>;
}

/**
 * A running k6 that leads a process group: a Ctrl-C in the terminal does not reach it, and the
 * programs that it starts end with it.
 */
export class K6Process {
  readonly pid: number;
  /** Resolves when it is gone; never rejects. */
  readonly exited: Promise<K6Exit>;
  /** Undefined as long as it runs. */
  exit: K6Exit | undefined;
  #stderr = "";

  private constructor(child: ChildProcess, pid: number) {
    this.pid = pid;
    child.stderr?.setEncoding("utf8");
    child.stderr?.on(
      "data",
      (text: string) => (this.#stderr = (this.#stderr + text).slice(-2 * LAST_CHARS)),
    );
    const written = child.stderr ? once(child.stderr, "close") : Promise.resolve();
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        // The rest of the group: a launcher that is killed does not end its children.
        this.#signalGroup("SIGKILL");
        void Promise.race([written, sleep(LAST_WORDS_MS)]).then(() => {
          child.stderr?.destroy();
          resolve((this.exit = { code, signal }));
        });
      });
    });
  }

  /** @throws UserError when it cannot be started */
  static async start({ path, args, cwd, env }: K6ProcessOptions): Promise<K6Process> {
    const child = spawn(path, args, {
      cwd,
      env,
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (child.pid !== undefined) return new K6Process(child, child.pid);
    const [error] = (await once(child, "error").catch((cause: unknown) => [cause])) as [Error];
    throw new UserError(`${path} could not be started: ${error.message}`);
  }

  /** What it said last on stderr, without tokens; empty when it said nothing. */
  lastWords(): string {
    const lines = this.#stderr.split("\n").filter((line) => line.trim() !== "");
    return withoutSecrets(lines.slice(-LAST_LINES).join("\n")).slice(-LAST_CHARS);
  }

  /**
   * SIGINT, then SIGKILL when that is not heard. Resolves when it is gone; nothing happens when it
   * is already.
   */
  async end(): Promise<K6Exit> {
    for (const [signal, waitMs] of [
      ["SIGINT", INTERRUPT_MS],
      ["SIGKILL", KILL_MS],
    ] as const) {
      if (this.exit) return this.exit;
      this.#signalGroup(signal);
      const over = new AbortController();
      const waited = sleep(waitMs, undefined, { signal: over.signal }).catch(() => undefined);
      await Promise.race([this.exited, waited]);
      over.abort();
    }
    if (this.exit) return this.exit;
    throw new UserError(`k6 is still running after SIGKILL: pid ${this.pid}`);
  }

  #signalGroup(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** The address may hold a token or a key, and k6 names it when a request fails. */
const withoutSecrets = (text: string): string =>
  text.replaceAll(/(token=|apikey=|bearer\s+|"token":\s*")[^\s"'&]+/gi, "$1...");
