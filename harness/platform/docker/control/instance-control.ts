/** Deploys by Pulumi, kills and starts by the engine: what the nemesis may do to the instances of a stack. */
import type Dockerode from "dockerode";
import { recordArgs } from "../../../../infra/stack/record-args.ts";
import type { StackRecord } from "../../../../infra/stack/stack-args.ts";
import { nowMs } from "../../../../common/clock.ts";
import { notReplaced } from "../../bounce-errors.ts";
import type { Deploy, InstanceControl, UpOptions } from "../../platform.ts";
import { controlContainer, type ContainerControl } from "./container-control.ts";
import { UserError } from "../../../../common/user-error.ts";
import { lastLogLines } from "./container-log.ts";
import type { StackRegistry } from "../stack-registry.ts";
import { serialize } from "../../../../common/serialize.ts";
import type { InstanceTimeline } from "../observe/instance-timeline.ts";
import type { ChangeOptions, PulumiStack } from "../pulumi/pulumi-stack.ts";
import { waitUntilReady } from "./ready-instances.ts";
import type { StackLayout } from "../stack-layout.ts";

export interface ControlledStack {
  docker: Dockerode;
  registry: StackRegistry;
  /** Changed in place, and written, by each deploy. */
  record: StackRecord;
  /** Grace of the instances in Pulumi's state, seconds; undefined: not known. */
  stateGraceS: number | undefined;
  layout: StackLayout;
  pulumi: PulumiStack;
  timeline: InstanceTimeline;
  onInstance: NonNullable<UpOptions["onInstance"]>;
  onStep: (step: string) => void;
  signal: AbortSignal;
}

/** Our own deploys of a stack never overlap; this is for a `pulumi up` by hand. */
const LOCK_WAIT_MS = 5_000;

export const nextRevision = (revision: string): string =>
  /^\d+$/.test(revision) ? String(Number(revision) + 1) : `${revision}.1`;

export const controlInstances = (given: ControlledStack): InstanceControl => {
  const { docker, registry, record, layout, pulumi, timeline, onInstance, onStep, signal } = given;
  let { stateGraceS } = given;
  const inOrder = serialize(signal);

  const containerOf = (instance: string): ContainerControl => {
    if (!layout.instances.includes(instance)) {
      throw new UserError(`no instance "${instance}"`, `name one of ${layout.instances.join(", ")}`);
    }
    return controlContainer({
      docker,
      part: instance,
      container: layout.containers.get(instance)?.container ?? instance,
      remedy: `sse-lab bounce ${record.topology} --kind recreate makes it again`,
      signal,
    });
  };

  /** Waits until it takes traffic, and reports it; fails at once when its container ends meanwhile. */
  const becomeReady = async (instance: string, within: AbortSignal = signal): Promise<number> => {
    const atMs = await waitUntilReady(instance, { docker, layout, signal: within });
    onInstance(instance, "ready", atMs);
    return atMs;
  };

  const change = (options: Pick<ChangeOptions, "parallel" | "onResource" | "afterCreate">): Promise<number> =>
    pulumi.up(recordArgs(record), {
      ...options,
      onStep,
      signal,
      lockWaitMs: LOCK_WAIT_MS,
    });

  const deploy = async ({ strategy, graceMs, onReplace }: Deploy): Promise<void> => {
    const graceS = Math.ceil(graceMs / 1000);
    if (graceS !== stateGraceS) {
      onStep(`setting the grace of ${record.stack} to ${graceS} s`);
      record.graceS = graceS;
      registry.update(record);
      stateGraceS = undefined;
      // A change of its own: the engine stops a container with the grace that the state has, which is the old one until then.
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
      const ready = becomeReady(instance, within).then((atMs) => {
        if (!wereGone.includes(instance)) onReplace?.(instance, "ended", atMs);
      });
      ready.catch(() => undefined);
      comingUp.set(instance, ready);
    };
    timeline.onEnded = (instance, exitCode) => {
      if (!comingUp.has(instance)) return;
      void lastLogLines(docker, layout.containers.get(instance)?.container ?? instance).then((log) =>
        crashed.abort(
          new Error(`${instance} exited (code ${exitCode ?? "unknown"}) before it was ready${log}`),
        ),
      );
    };
    try {
      await change({
        ...(strategy === "rolling" ? { parallel: 1 } : {}),
        onResource: ({ name, op, state }) => {
          if (op !== "delete-replaced" || state !== "started" || !layout.instances.includes(name)) return;
          onReplace?.(name, "started", nowMs());
          onStep(`replacing ${name}`);
        },
        // The container's own health check is not enough: a router can be later than it to see an instance again.
        afterCreate: (name) => comingUp.get(name) ?? Promise.resolve(),
      });
      await Promise.all(comingUp.values());
    } catch (error) {
      // That an instance ended is the reason; that Pulumi did not see it become healthy is what followed.
      crashed.signal.throwIfAborted();
      throw error;
    } finally {
      timeline.onStarted = undefined;
      timeline.onEnded = undefined;
    }
    // Brought back like the others; nothing of it was disturbed.
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

  return {
    deploy: (how) => inOrder(() => deploy(how)),
    kill: (instance) => inOrder(() => kill(instance)),
    start: (instance) => inOrder(() => start(instance)),
  };
};
