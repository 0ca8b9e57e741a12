/**
 * What `sse-lab doctor` checks for the local platform: tools and limits of this host. Fetches
 * nothing, and makes no folder but those of the cache and the state, to see if they can be written.
 */
import { readFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import semver from "semver";
import { defaultStateDir, localRegistry } from "./local/deployment-state.ts";
import type { DeploymentStatus } from "./registry/deployment-registry.ts";
import { whyNoPip } from "../../infra/tools/fetch-tool.ts";
import { inspectTool, type ToolInspection } from "../../infra/tools/resolve-tool.ts";
import type { ToolName } from "../../infra/tools/tool.ts";
import { STAND_IN } from "../../infra/realtime/realtime-names.ts";
import { ABOVE_HIGHEST_PORT, LOWEST_PORT } from "../../common/free-port.ts";
import { STATE_ROOT } from "../../common/paths.ts";
import { checkState } from "./check-state.ts";
import { TOPOLOGIES } from "../../infra/topologies.ts";
import { hostedRealtime } from "./hosted-realtime.ts";
import { UserError } from "../../common/user-error.ts";
import { filesFor, openFilesLimit, streamsWithin } from "./open-files-limit.ts";

export interface DoctorCheck {
  name: string;
  /** With `missing` the lab does not work. `note` is for information. */
  status: "ok" | "will-fetch" | "will-build" | "missing" | "note";
  detail: string;
  fix?: string;
}

const OLDEST_NODE = "20.19.0";
/** More than the default scenario has. */
const COMFORTABLE_STREAMS = 5000;

const nodeCheck = (): DoctorCheck => {
  const version = process.versions.node;
  return semver.gte(version, OLDEST_NODE)
    ? { name: "node", status: "ok", detail: version }
    : {
        name: "node",
        status: "missing",
        detail: `${version} is too old`,
        fix: `install Node ${OLDEST_NODE} or newer`,
      };
};

const toolCheck = (name: ToolName, inspection: ToolInspection): DoctorCheck => {
  switch (inspection.state) {
    case "found": {
      const { version, path, source, skipped } = inspection.tool;
      const passedOver = skipped.map((one) => `; passed over: ${one}`).join("");
      return { name, status: "ok", detail: `${version} from ${source}: ${path}${passedOver}` };
    }
    case "will-fetch": {
      const passedOver = inspection.skipped.map((one) => `; passed over: ${one}`).join("");
      const detail = `${inspection.what} will be fetched into ${inspection.folder}${passedOver}`;
      return { name, status: "will-fetch", detail };
    }
    case "missing":
      return { name, status: "missing", detail: inspection.problem, fix: inspection.fix };
  }
};

/** Only some topologies need HAProxy. */
const haproxyCheck = (inspection: ToolInspection): DoctorCheck => {
  const check = toolCheck("haproxy", inspection);
  if (check.status !== "missing") return check;
  const needing = TOPOLOGIES.filter(({ router }) => router === "haproxy").map(({ name }) => name);
  const detail = `${check.detail}; only ${needing.join(", ")} on platform local needs it`;
  return { ...check, status: "note", detail };
};

const pipCheck = async (inspections: readonly ToolInspection[]): Promise<DoctorCheck> => {
  const name = "python3 with pip";
  const reason = await whyNoPip(process.env);
  if (reason === undefined) return { name, status: "ok", detail: "can fetch what is missing" };
  if (inspections.every((one) => one.state === "found")) {
    return { name, status: "note", detail: `${reason}; not needed, nothing has to be fetched` };
  }
  const fix = "install python3 and python3-pip (Debian: apt-get install python3-pip)";
  return { name, status: "missing", detail: reason, fix };
};

const openFilesCheck = async (): Promise<DoctorCheck> => {
  const limit = await openFilesLimit();
  const streams = streamsWithin(limit);
  const detail = `${limit}, enough for ${streams} streams (the router holds two sockets for each)`;
  if (streams >= COMFORTABLE_STREAMS) return { name: "open files", status: "ok", detail };
  const fix = `ulimit -n ${filesFor(COMFORTABLE_STREAMS)} for ${COMFORTABLE_STREAMS} streams`;
  return { name: "open files", status: "note", detail, fix };
};

const ephemeralPortsCheck = async (): Promise<DoctorCheck> => {
  const name = "ephemeral ports";
  const text = await readFile("/proc/sys/net/ipv4/ip_local_port_range", "utf8").catch(
    () => undefined,
  );
  const [from, to] = (text ?? "").trim().split(/\s+/).map(Number);
  if (from === undefined || to === undefined) {
    return { name, status: "note", detail: "this system does not show their range" };
  }
  const detail = `${from} to ${to}: ${to - from + 1} connections from one address to one port`;
  if (from >= ABOVE_HIGHEST_PORT) return { name, status: "ok", detail };
  const fix = `sysctl -w net.ipv4.ip_local_port_range='${ABOVE_HIGHEST_PORT} 60999'`;
  const clash =
    `servers listen between ${LOWEST_PORT} and ${ABOVE_HIGHEST_PORT - 1}, ` +
    "and connections of the load may take such a port first";
  return { name, status: "note", detail: `${detail}; ${clash}`, fix };
};

/** Which Realtime a topology would use. A hosted one is optional, so it is never `missing`. */
const realtimeCheck = (env: NodeJS.ProcessEnv): DoctorCheck => {
  const name = "realtime";
  const needing = TOPOLOGIES.filter(({ broadcaster }) => broadcaster === "supabase").map(
    (one) => one.name,
  );
  try {
    const hosted = hostedRealtime(env);
    const detail = hosted
      ? `hosted at ${hosted.url}, for ${needing.join(", ")}`
      : `${needing.join(", ")} on platform local uses ${STAND_IN}, a stand-in of the lab; ` +
        "REALTIME_URL, REALTIME_KEY and REALTIME_JWT_SECRET name a hosted one";
    return { name, status: "ok", detail };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const fix = "set what it names, or unset all of REALTIME_...";
    return { name, status: "note", detail: error.message.replaceAll("\n", "; "), fix };
  }
};

const stateCheck = (): DoctorCheck => {
  const name = "state folder";
  try {
    checkState();
    return { name, status: "ok", detail: `${STATE_ROOT} can be written` };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { problem, fix = "" } = error;
    return { name, status: "missing", detail: problem, fix };
  }
};

const hostCheck = (): DoctorCheck => {
  const cores = availableParallelism();
  const detail = `${cores} cores, ${(totalmem() / 2 ** 30).toFixed(1)} GiB memory`;
  if (cores >= 2) return { name: "host", status: "ok", detail };
  return {
    name: "host",
    status: "note",
    detail: `${detail}: load and topology share one core, latencies will show it`,
  };
};

const DEPLOYMENTS: readonly (readonly [DeploymentStatus, string])[] = [
  ["running", "running"],
  ["owned", "owned by a command"],
  ["leftover", "left by a killed command (the next command removes it)"],
  ["foreign", "of another host, container or checkout"],
];

const leftoversCheck = async (stateDir: string): Promise<DoctorCheck> => {
  const name = "leftovers";
  const registry = localRegistry(stateDir);
  const { records, unreadable } = registry.records.list();
  const statuses = await Promise.all(records.map((record) => registry.status(record)));
  const found = [
    ...DEPLOYMENTS.map(([status, label]) => ({
      label,
      names: records.filter((_, index) => statuses[index] === status).map(({ id }) => id),
    })),
    { label: "unreadable", names: unreadable.map(({ path }) => path) },
  ].filter(({ names }) => names.length > 0);
  if (found.length === 0) return { name, status: "ok", detail: "none" };
  const detail = found.map(({ label, names }) => `${label}: ${names.join(", ")}`).join("; ");
  const canRemove = statuses.includes("running") || statuses.includes("leftover");
  return { name, status: "note", detail, ...(canRemove ? { fix: "make down" } : {}) };
};

export const runDoctorChecks = async (
  stateDir: string = defaultStateDir,
): Promise<DoctorCheck[]> => {
  const [traefik, valkey, haproxy] = await Promise.all([
    inspectTool("traefik"),
    inspectTool("valkey"),
    inspectTool("haproxy"),
  ]);
  return [
    nodeCheck(),
    toolCheck("traefik", traefik),
    toolCheck("valkey", valkey),
    haproxyCheck(haproxy),
    await pipCheck([traefik, valkey]),
    await openFilesCheck(),
    await ephemeralPortsCheck(),
    realtimeCheck(process.env),
    hostCheck(),
    stateCheck(),
    await leftoversCheck(stateDir),
  ];
};
