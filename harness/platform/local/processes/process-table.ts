/**
 * The processes of one deployment by name. Each is told to the reaper and written into the state file right after its start,
 * before anything else happens. What is left is the instant between the start and that: a SIGKILL of this process just then
 * leaves a process that no record names, and that no later command ends.
 */
import type { DeploymentState, LocalRegistry } from "../deployment-state.ts";
import { endProcesses } from "../../../../common/end-processes.ts";
import { attachProcess, startProcess, type LoggedProcess, type ProcessSpec } from "./logged-process.ts";
import type { Reaper } from "../../../../common/reaper/reaper-client.ts";

export class ProcessTable {
  readonly #processes = new Map<string, LoggedProcess>();
  readonly #registry: LocalRegistry;
  readonly #state: DeploymentState;
  readonly #reaper: Reaper | undefined;
  #closed = false;

  /** Takes hold of the processes that the state names. */
  constructor(registry: LocalRegistry, state: DeploymentState, reaper?: Reaper) {
    this.#registry = registry;
    this.#state = state;
    this.#reaper = reaper;
    for (const { spec, identity } of state.processes) {
      this.#processes.set(spec.name, attachProcess(spec, identity));
    }
  }

  get(name: string): LoggedProcess | undefined {
    return this.#processes.get(name);
  }

  /** All processes, those that have exited included. */
  all(): LoggedProcess[] {
    return [...this.#processes.values()];
  }

  /** Is it taken down, or being so, or let go? A call, because it changes while `start` waits. */
  isClosed(): boolean {
    return this.#closed;
  }

  async start(spec: ProcessSpec): Promise<LoggedProcess> {
    if (this.isClosed()) throw new Error(`${spec.name} is not started: the deployment is down`);
    const started = await startProcess(spec);
    this.#reaper?.watch(started.identity);
    this.#processes.set(spec.name, started);
    const others = this.#state.processes.filter((one) => one.spec.name !== spec.name);
    this.#state.processes = [
      ...others,
      { identity: started.identity, spec: { ...spec, args: [...spec.args], env: { ...spec.env } } },
    ];
    // Taken down while it started: nobody else will end it, and the state file must not come back.
    if (this.isClosed()) await endProcesses([started.identity]);
    else this.#registry.update(this.#state);
    return started;
  }

  /** Ends every process; none can be started any more. */
  async end(): Promise<void> {
    this.#closed = true;
    await endProcesses([...this.#processes.values()].map((one) => one.identity));
  }

  /** Lets this process end while they go on. None can be started from here any more. */
  release(): void {
    this.#closed = true;
    for (const one of this.#processes.values()) one.release();
  }
}
