/** What one container has used: the engine's one-shot reading of its cgroup. */
import type Dockerode from "dockerode";
import { z } from "zod";
import type { ComponentUsage } from "../../platform.ts";
import { eventTime } from "./event-time.ts";
import { socketMemoryV1 } from "./socket-memory.ts";

const statsSchema = z.object({
  /** When the engine read the cgroup. It may answer from a reading of the last second. */
  read: z.iso.datetime({ offset: true }),
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number() }) }),
  memory_stats: z.object({
    stats: z.object({
      /** cgroup v2. */
      anon: z.number().optional(),
      sock: z.number().optional(),
      /** cgroup v1. */
      total_rss: z.number().optional(),
    }),
  }),
  networks: z
    .record(z.string(), z.object({ rx_bytes: z.number(), tx_bytes: z.number() }))
    .optional(),
});

export interface MeasuredContainer {
  component: string;
  role: ComponentUsage["role"];
  /** Name of the container. */
  container: string;
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

/** Undefined if the container does not run. */
export const containerUsage = async (
  docker: Dockerode,
  { component, role, container }: MeasuredContainer,
): Promise<ComponentUsage | undefined> => {
  let state: Dockerode.ContainerInspectInfo;
  let raw: unknown;
  try {
    state = await docker.getContainer(container).inspect();
    if (!state.State.Running) return undefined;
    // By id: another container may have got the name in between.
    raw = await docker.getContainer(state.Id).stats({ stream: false, "one-shot": true });
  } catch {
    return undefined;
  }
  const parsed = statsSchema.safeParse(raw);
  // The engine answers with empty tables for a container that ended in between.
  if (!parsed.success) return undefined;
  const { read, cpu_stats: cpu, memory_stats: memory, networks } = parsed.data;
  const memoryBytes = memory.stats.anon ?? memory.stats.total_rss;
  if (memoryBytes === undefined) return undefined;
  const socketMemoryBytes = memory.stats.sock ?? (await socketMemoryV1(state.Id, state.State.Pid));
  const interfaces = networks && Object.values(networks);
  return {
    part: component,
    role,
    // A container that is started again keeps its id and begins a new cgroup.
    incarnation: `${state.Id.slice(0, 12)}@${state.State.StartedAt}`,
    source: "cgroup",
    cpuSeconds: cpu.cpu_usage.total_usage / 1e9,
    memoryBytes,
    ...(socketMemoryBytes === undefined ? {} : { socketMemoryBytes }),
    ...(interfaces === undefined
      ? {}
      : {
          receivedBytes: sum(interfaces.map((one) => one.rx_bytes)),
          sentBytes: sum(interfaces.map((one) => one.tx_bytes)),
        }),
    atMs: eventTime(Date.parse(read) * 1e6).atMs,
  };
};
