/**
 * The memory of a container's socket buffers. With cgroup v2 the engine reports it. With cgroup v1
 * the kernel counts it only after a write to `memory.kmem.tcp.limit_in_bytes`, and only for
 * connections accepted after that. Writing "no limit" starts the count and changes nothing else, so
 * this is written when a container starts, if this process may (root, on the engine's host).
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Dockerode from "dockerode";

const V1_MEMORY = "/sys/fs/cgroup/memory";
const UNLIMITED = "-1";

/** Containers, by id and first pid, for which this process started the count. */
const accounted = new Set<string>();

/** proc(5), /proc/pid/cgroup: `4:memory:/docker/<id>` on v1. */
const v1Folder = async (id: string, pid: number): Promise<string | undefined> => {
  const text = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
  for (const line of text.split("\n")) {
    const [, controllers = "", path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    // The pid may belong to another program by now, or to another host: check the container's id.
    if (controllers.split(",").includes("memory") && path?.includes(id))
      return join(V1_MEMORY, path);
  }
  return undefined;
};

/**
 * Bytes in the socket buffers of a container with this first pid, by cgroup v1. Starts the count if
 * necessary. Undefined if unknown: not counted so far, cgroup v2, no permission, another host.
 */
export const socketMemoryV1 = async (id: string, pid: number): Promise<number | undefined> => {
  const folder = await v1Folder(id, pid);
  if (folder === undefined) return undefined;
  // A container that is started again gets a new group of the same name.
  const incarnation = `${id} ${pid}`;
  const limit = join(folder, "memory.kmem.tcp.limit_in_bytes");
  try {
    const current = Number((await readFile(limit, "utf8")).trim());
    // With a real limit the count runs already.
    if (current >= 2 ** 62 && !accounted.has(incarnation)) {
      await writeFile(limit, UNLIMITED);
      accounted.add(incarnation);
      // Connections accepted before are not counted.
      return undefined;
    }
    const bytes = Number(
      (await readFile(join(folder, "memory.kmem.tcp.usage_in_bytes"), "utf8")).trim(),
    );
    return Number.isFinite(bytes) ? bytes : undefined;
  } catch {
    return undefined;
  }
};

/** Starts the count for a container that has just started. Never rejects. */
export const accountForSockets = async (docker: Dockerode, container: string): Promise<void> => {
  const found = await docker
    .getContainer(container)
    .inspect()
    .catch(() => undefined);
  if (found && found.State.Pid > 0) await socketMemoryV1(found.Id, found.State.Pid);
};
