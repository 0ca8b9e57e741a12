/**
 * The processes of one deployment by name. Right after its start, each is reported to the reaper
 * and written into the state file. A SIGKILL of this process in the instant before that leaves a
 * process that no record names and no later command ends.
 */
import { nowMs } from "../../../../common/clock.ts";
import { endProcesses } from "../../../../common/processes/end-processes.ts";
import type { Reaper } from "../../../../common/reaper/reaper-client.ts";
import type { DeploymentListeners } from "../../platform.ts";
import type { DeploymentState, LocalRegistry } from "../deployment-state.ts";
import {
  attachProcess,
  startProcess,
  type LoggedProcess,
  type ProcessSpec,
} from "./logged-process.ts";

/** The record keeps the placeholder, so that the next start can fill it again. */
const withRevision = (spec: ProcessSpec, starts: number): ProcessSpec => {
  const fill = (text: string): string => text.replaceAll("${revision}", String(starts));
  return {
    ...spec,
    args: spec.args.map(fill),
    env: Object.fromEntries(Object.entries(spec.env).map(([name, text]) => [name, fill(text)])),
  };
};

export class ProcessTable {
  readonly #processes = new Map<string, LoggedProcess>();
  readonly #registry: LocalRegistry;
  readonly #state: DeploymentState;
  readonly #reaper: Reaper | undefined;
  #closed = false;

  /** Starts with the processes that the state names. */
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

  /** Undefined if it has exited. */
  running(name: string): LoggedProcess | undefined {
    const found = this.#processes.get(name);
    return found && !found.hasExited() ? found : undefined;
  }

  /** Includes those that have exited. */
  all(): LoggedProcess[] {
    return [...this.#processes.values()];
  }

  /** A method, because the answer can change while `start` waits. */
  #isClosed(): boolean {
    return this.#closed;
  }

  async start(spec: ProcessSpec): Promise<LoggedProcess> {
    if (this.#isClosed()) throw new Error(`${spec.name} is not started: the deployment is down`);
    const before = this.#state.processes.find((one) => one.spec.name === spec.name);
    const starts = (before?.starts ?? 0) + 1;
    const started = await startProcess(withRevision(spec, starts));
    this.#reaper?.watch(started.identity);
    this.#processes.set(spec.name, started);
    const others = this.#state.processes.filter((one) => one.spec.name !== spec.name);
    this.#state.processes = [
      ...others,
      {
        identity: started.identity,
        starts,
        spec: { ...spec, args: [...spec.args], env: { ...spec.env } },
      },
    ];
    // If it was taken down meanwhile, nothing else would end it.
    if (this.#isClosed()) await endProcesses([started.identity]);
    else this.#registry.update(this.#state);
    return started;
  }

  /** Reports the exit of a component, unless it was expected or the deployment is down. */
  watch(
    component: LoggedProcess,
    { onStep, onComponentExit }: Pick<DeploymentListeners, "onStep" | "onComponentExit">,
    isExpected: () => boolean = () => false,
  ): void {
    void component.exited.then(() => {
      if (this.#isClosed() || isExpected()) return;
      onStep?.(`${component.spec.name} exited by itself`);
      onComponentExit?.(component.spec.name, nowMs());
    });
  }

  /** Ends every process. None can be started afterwards. */
  async end(): Promise<void> {
    this.#closed = true;
    await endProcesses(this.all().map(({ identity }) => identity));
  }

  /** Lets them outlive this process. None can be started from here afterwards. */
  detach(): void {
    this.#closed = true;
    for (const one of this.#processes.values()) one.detach();
  }
}
