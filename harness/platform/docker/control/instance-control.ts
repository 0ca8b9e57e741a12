/** Controls the instances of a stack: Pulumi deploys, the engine kills and starts. */
import type Dockerode from "dockerode";
import { recordArgs } from "../../../../infra/stack/record-args.ts";
import type { StackRecord } from "../../../../infra/stack/stack-args.ts";
import { nowMs } from "../../../../common/clock.ts";
import { notReplaced } from "../../bounce-errors.ts";
import type { Deploy, InstanceControl, ScaleControl, UpOptions } from "../../platform.ts";
import { controlContainer, type ContainerControl } from "./container-control.ts";
import { UserError } from "../../../../common/user-error.ts";
import { lastLogLines } from "./container-log.ts";
import type { StackRegistry } from "../stack-registry.ts";
import { serialize } from "../../../../common/serialize.ts";
import type { InstanceTimeline } from "../observe/instance-timeline.ts";
import type { ChangeOptions, PulumiStack } from "../pulumi/pulumi-stack.ts";
import { waitUntilReady, waitUntilServing } from "./ready-instances.ts";
import type { StackLayout } from "../stack-layout.ts";

export interface ControlledStack {
  docker: Dockerode;
  registry: StackRegistry;
  /** Each deploy changes and writes it. */
  record: StackRecord;
  /** Grace of the instances in Pulumi's state, seconds. Undefined: unknown. */
  stateGraceS: number | undefined;
  layout: StackLayout;
  pulumi: PulumiStack;
  timeline: InstanceTimeline;
  /** Connects a new container of an instance to what the stack's program does not know. */
  joinLinks: (instance: string) => Promise<void>;
  onInstance: NonNullable<UpOptions["onInstance"]>;
  onStep: (step: string) => void;
  signal: AbortSignal;
}

/** Deploys of one process never overlap. This waits for a manual `pulumi up`. */
const LOCK_WAIT_MS = 5_000;

export const nextRevision = (revision: string): string =>
  /^\d+$/.test(revision) ? String(Number(revision) + 1) : `${revision}.1`;

export const controlInstances = async (
  given: ControlledStack,
): Promise<{ control: InstanceControl; scale: ScaleControl }> => {
  const { docker, registry, record, layout, pulumi, timeline, onInstance, onStep, signal } = given;
  let { stateGraceS } = given;
  const inOrder = serialize(signal);

  const containerOf = (instance: string): ContainerControl => {
    if (!layout.instances.includes(instance)) {
      throw new UserError(
        `no instance "${instance}"`,
        `name one of ${layout.instances.join(", ")}`,
      );
    }
    return controlContainer({
      docker,
      component: instance,
      container: layout.containers.get(instance)?.container ?? instance,
      remedy: `sse-lab bounce ${record.topology} --kind recreate recreates it`,
      signal,
    });
  };

  /** Waits until the router sends it traffic, then reports it. Resolves with that time. */
  const becomeReady = async (instance: string, within: AbortSignal = signal): Promise<number> => {
    const atMs = await waitUntilReady(instance, { docker, layout, signal: within });
    onInstance(instance, "ready", atMs);
    return atMs;
  };

  const change = (
    options: Pick<ChangeOptions, "parallel" | "onResource" | "afterCreate">,
  ): Promise<number> =>
    pulumi.up(recordArgs(record), {
      ...options,
      onStep,
      signal,
      lockWaitMs: LOCK_WAIT_MS,
    });

  const deploy = async ({ strategy, graceMs, settings, onReplace }: Deploy): Promise<void> => {
    if (settings !== undefined)
      throw new UserError(
        "on Docker a deploy cannot change the settings of the servers",
        "use --platform local",
      );
    const graceS = record.service?.graceS ?? Math.ceil(graceMs / 1000);
    if (graceS !== stateGraceS) {
      onStep(`setting the grace of ${record.stack} to ${graceS} s`);
      record.graceS = graceS;
      registry.update(record);
      stateGraceS = undefined;
      // A separate update first: the engine stops a container with the grace of the old state.
      await change({});
      stateGraceS = graceS;
    }
    const runs = await Promise.all(layout.instances.map((one) => containerOf(one).isRunning()));
    const wereGone = layout.instances.filter((_, index) => !runs[index]);
    record.revision = nextRevision(record.revision);
    registry.update(record);
    onStep(`pulumi up: revision ${record.revision}`);
    const comingUp = new Map<string, Promise<void>>();
    const crashed = new AbortController();
    const within = AbortSignal.any([signal, crashed.signal]);
    timeline.onStarted = (instance) => {
      onStep(`waiting for ${instance} to be ready`);
      const ready = given
        .joinLinks(instance)
        .then(() => becomeReady(instance, within))
        .then((atMs) => {
          if (!wereGone.includes(instance)) onReplace?.(instance, "ended", atMs);
        });
      ready.catch(() => undefined);
      comingUp.set(instance, ready);
    };
    timeline.onEnded = (instance, exitCode) => {
      if (!comingUp.has(instance)) return;
      void lastLogLines(docker, layout.containers.get(instance)?.container ?? instance).then(
        (log) =>
          crashed.abort(
            new Error(
              `${instance} exited (code ${exitCode ?? "unknown"}) before it was ready${log}`,
            ),
          ),
      );
    };
    try {
      await change({
        ...(strategy === "rolling" ? { parallel: 1 } : {}),
        onResource: ({ name, op, state }) => {
          if (op !== "delete-replaced" || state !== "started" || !layout.instances.includes(name))
            return;
          onReplace?.(name, "started", nowMs());
          onStep(`replacing ${name}`);
        },
        // The container may be healthy before the router sends it traffic.
        afterCreate: (name) => comingUp.get(name) ?? Promise.resolve(),
      });
      await Promise.all(comingUp.values());
      stopped.clear();
    } catch (error) {
      // The exit of an instance is the cause. Pulumi's error only follows from it.
      crashed.signal.throwIfAborted();
      throw error;
    } finally {
      timeline.onStarted = undefined;
      timeline.onEnded = undefined;
    }
    // They run now, but the bounce did not disturb them.
    if (wereGone.length > 0) throw new Error(notReplaced(wereGone));
  };

  const kill = (instance: string): Promise<void> => containerOf(instance).kill();

  const start = async (instance: string): Promise<void> => {
    const container = containerOf(instance);
    if (await container.isRunning()) return;
    onStep(`starting ${instance}`);
    await container.start();
    await becomeReady(instance);
  };

  const stopped = new Set<string>();
  for (const instance of layout.instances)
    if (await containerOf(instance).isStopped()) stopped.add(instance);
  const control: InstanceControl = {
    deploy: (how) => inOrder(() => deploy(how)),
    kill: (instance) => inOrder(() => kill(instance)),
    start: (instance) =>
      inOrder(async () => {
        await start(instance);
        stopped.delete(instance);
      }),
    pause: (instance) => inOrder(() => containerOf(instance).pause()),
    resume: (instance) => containerOf(instance).resume(),
  };
  const scale: ScaleControl = {
    running: () => layout.instances.filter((instance) => !stopped.has(instance)),
    remove: (instance, graceMs) =>
      inOrder(async () => {
        await containerOf(instance).stop(graceMs);
        stopped.add(instance);
      }),
    boot: (instance) =>
      inOrder(async () => {
        await containerOf(instance).start();
        await waitUntilServing(instance, { docker, layout, signal });
        stopped.delete(instance);
      }),
  };
  return { control, scale };
};
