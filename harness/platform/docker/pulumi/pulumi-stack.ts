/** Changes one stack by the Automation API of Pulumi, with the program in this process. */
import { rm } from "node:fs/promises";
import type { EngineEvent, OpType, Stack, SummaryEvent } from "@pulumi/pulumi/automation/index.js";
import type { StackArgs } from "../../../../infra/stack/stack-args.ts";
import { UserError } from "../../../../common/user-error.ts";
import { countChanges, readEvent, type ResourceStep } from "./engine-events.ts";
import { openWorkspace, withHook } from "./open-workspace.ts";
import {
  backendFolder,
  isInFileBackend,
  projectName,
  readCheckpoint,
  removeFromFileBackend,
  workspaceFolder,
  type Pending,
} from "./pulumi-backend.ts";
import { explainPulumiError } from "./pulumi-errors.ts";
import { releaseStaleLocks } from "./stack-lock.ts";

export interface ChangeOptions {
  /** Operations at a time. Default: as many as there are. */
  parallel?: number;
  onResource?: ((step: ResourceStep) => void) | undefined;
  onStep?: ((step: string) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Pulumi waits for this after the creation of each container. */
  afterCreate?: ((name: string) => Promise<void>) | undefined;
  /** How long to wait for another process that is changing the stack. Default 0. */
  lockWaitMs?: number;
}

export interface PulumiStack {
  /** Updates the stack to `args`. Resolves with the number of changed resources. */
  up(args: StackArgs, options?: ChangeOptions): Promise<number>;
  /** What an `up` would change, by kind of change. */
  preview(args: StackArgs): Promise<Partial<Record<OpType, number>>>;
  destroy(options?: ChangeOptions): Promise<void>;
  /** Refreshes the state from the engine, and forgets operations that never ended. */
  repair(options?: ChangeOptions): Promise<void>;
  /** Operations that a killed Pulumi did not finish. */
  pendingOperations(): Promise<string[]>;
  /** Resolves when no Pulumi of this process runs any more. */
  settled(): Promise<void>;
  /** Resolves when no process changes the stack. Removes locks of dead processes. */
  releaseLocks(options?: ChangeOptions): Promise<void>;
  /** Removes the stack from the backend, even if it has resources. */
  forget(options?: ChangeOptions): Promise<void>;
}

/** As `Promise.withResolvers`, which Node 20 does not have. */
const withResolvers = <T>(): { promise: Promise<T>; resolve: (value: T) => void } => {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
};

/** One operation at a time: in one process, a failing program would end the others too. */
let lastChange: Promise<void> = Promise.resolve();

/** Loads Pulumi at the first call of a method, not before. */
export const pulumiStack = (stackName: string, dockerHost: string): PulumiStack => {
  let opened: Promise<Stack> | undefined;
  /** After its last change an `up` reads unused outputs for two seconds. Never rejects. */
  let tail: Promise<void> = Promise.resolve();
  const open = (how: "create" | "existing" = "existing"): Promise<Stack> => {
    opened ??= openWorkspace(stackName, dockerHost, how).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };

  const unlock = async ({ lockWaitMs = 0, onStep }: ChangeOptions): Promise<void> => {
    const backend = backendFolder();
    if (backend === undefined) return;
    await releaseStaleLocks(
      { backend, project: await projectName(), stack: stackName },
      lockWaitMs,
      onStep,
    );
  };

  /** Runs one operation without stale locks, and explains its error in one line. */
  const change = async <T>(
    what: string,
    options: ChangeOptions,
    act: (onEvent: (event: EngineEvent) => void) => Promise<T>,
  ): Promise<T> => {
    const { signal, onResource } = options;
    const before = lastChange;
    let end = (): void => undefined;
    lastChange = new Promise<void>((resolve) => (end = resolve));
    const reasons: string[] = [];
    try {
      await before;
      signal?.throwIfAborted();
      await unlock(options);
      return await act((event) => readEvent(event, onResource, reasons));
    } catch (error) {
      // After an abort, its reason counts and not the error of Pulumi.
      signal?.throwIfAborted();
      if (error instanceof UserError) throw error;
      // If another process has the lock, that error is the better one.
      await unlock({ ...options, lockWaitMs: 0 });
      throw explainPulumiError(stackName, what, reasons, error);
    } finally {
      void tail.then(end);
    }
  };

  const optional = ({ signal, parallel }: ChangeOptions) => ({
    ...(signal ? { signal } : {}),
    ...(parallel === undefined ? {} : { parallel }),
  });

  const program = async (args: StackArgs, afterCreate?: ChangeOptions["afterCreate"]) => {
    const { stackProgram } = await import("../../../../infra/program.ts");
    const made = stackProgram(args, { dockerHost });
    return afterCreate ? withHook(made, afterCreate) : made;
  };

  return {
    up: (args, options = {}) =>
      change("bringing up", options, async (onEvent) => {
        const stack = await open("create");
        const made = await program(args, options.afterCreate);
        const { promise: changed, resolve } = withResolvers<number>();
        const running = stack.up({
          program: made,
          onEvent: (event) => {
            onEvent(event);
            // The type lacks `result`. A Pulumi without it is awaited to its end.
            const summary = event.summaryEvent as (SummaryEvent & { result?: string }) | undefined;
            if (summary?.result === "succeeded") resolve(countChanges(summary.resourceChanges));
          },
          ...optional(options),
        });
        tail = running.then(
          () => undefined,
          (error: unknown) =>
            options.onStep?.(`pulumi failed after its last change: ${String(error)}`),
        );
        return Promise.race([
          changed,
          running.then(({ summary }) => countChanges(summary.resourceChanges)),
        ]);
      }),
    preview: (args) =>
      change("previewing", {}, async (onEvent) => {
        const stack = await open();
        const { changeSummary } = await stack.preview({ program: await program(args), onEvent });
        return Object.fromEntries(Object.entries(changeSummary).filter(([op]) => op !== "same"));
      }),
    destroy: (options = {}) =>
      change("destroying", options, async (onEvent) => {
        const stack = await open();
        await stack.destroy({ onEvent, ...optional(options) });
      }),
    repair: (options = {}) =>
      change("repairing", options, async (onEvent) => {
        const stack = await open();
        await stack.refresh({ clearPendingCreates: true, onEvent, ...optional(options) });
      }),
    pendingOperations: async () => {
      await tail;
      const backend = backendFolder();
      // The export of the Automation API would decrypt the secrets.
      const pending =
        backend === undefined
          ? ((await (await open()).exportStack()).deployment as Pending | null)?.pending_operations
          : (await readCheckpoint(backend, await projectName(), stackName))?.pending_operations;
      return (pending ?? []).map(
        ({ type, resource }) => `${type} ${resource.urn.split("::").at(-1) ?? resource.urn}`,
      );
    },
    settled: () => tail,
    releaseLocks: async (options = {}) => {
      await tail;
      await unlock(options);
    },
    forget: async (options = {}) => {
      await tail;
      await unlock(options);
      const backend = backendFolder();
      const project = await projectName();
      // Cheaper than asking Pulumi, which may have been uninstalled.
      if (backend === undefined || isInFileBackend(backend, project, stackName)) {
        try {
          const stack = await open();
          await stack.workspace.removeStack(stackName, { force: true });
        } catch (error) {
          if (backend === undefined) throw explainPulumiError(stackName, "removing", [], error);
        }
      }
      opened = undefined;
      if (backend !== undefined) await removeFromFileBackend(backend, project, stackName, true);
      await rm(workspaceFolder(stackName), { recursive: true, force: true });
    },
  };
};
