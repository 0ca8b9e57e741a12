/**
 * What the kernel holds in the socket buffers of a container. cgroup v2 accounts for it by itself, and the engine tells it. cgroup v1
 * does so only from the moment that a limit was written to `memory.kmem.tcp.limit_in_bytes`, and only for connections accepted
 * after it; the engine does not tell. "No limit" is a limit for that purpose and changes nothing else, so it is written when a
 * container starts, where this process may (root, on the engine's host).
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Dockerode from "dockerode";

const V1_MEMORY = "/sys/fs/cgroup/memory";
const UNLIMITED = "-1";

/** Containers, by id and first process, whose accounting was switched on by this process: the limit itself does not tell. */
const accounted = new Set<string>();

/** proc(5), /proc/pid/cgroup: `4:memory:/docker/<id>` on v1. */
const v1Folder = async (id: string, pid: number): Promise<string | undefined> => {
  const text = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
  for (const line of text.split("\n")) {
    const [, controllers = "", path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    // The container's own group only: the pid may be another program's by now, or mean nothing on this host.
    if (controllers.split(",").includes("memory") && path?.includes(id)) return join(V1_MEMORY, path);
  }
  return undefined;
};

/**
 * Bytes in socket buffers of the container of this id, whose first process has this pid, by cgroup v1. Switches the accounting on when
 * it is off. Undefined where that cannot be known: not accounted for until now, cgroup v2, no right to write, another host.
 */
export const socketMemoryV1 = async (id: string, pid: number): Promise<number | undefined> => {
  const folder = await v1Folder(id, pid);
  if (folder === undefined) return undefined;
  // A container that is started again gets a new group of the same name.
  const incarnation = `${id} ${pid}`;
  const limit = join(folder, "memory.kmem.tcp.limit_in_bytes");
  try {
    const current = Number((await readFile(limit, "utf8")).trim());
    // A real limit, whoever set it, has the accounting on already.
    if (current >= 2 ** 62 && !accounted.has(incarnation)) {
      await writeFile(limit, UNLIMITED);
      accounted.add(incarnation);
      // What was accepted before is not in the account.
      return undefined;
    }
    const bytes = Number((await readFile(join(folder, "memory.kmem.tcp.usage_in_bytes"), "utf8")).trim());
    return Number.isFinite(bytes) ? bytes : undefined;
  } catch {
    return undefined;
  }
};

/** Switches the accounting on for a container that has just started. Never rejects: without it one figure is missing. */
export const accountForSockets = async (docker: Dockerode, container: string): Promise<void> => {
  const found = await docker
    .getContainer(container)
    .inspect()
    .catch(() => undefined);
  if (found && found.State.Pid > 0) await socketMemoryV1(found.Id, found.State.Pid);
};
