/** The first look at a target: can anything be judged there, and what does it not have? */
import { isBare, tenantOf } from "./address.ts";
import type { Need } from "./conformance-case.ts";
import { Connection } from "./connection.ts";
import { Mismatch, show } from "./mismatch.ts";
import { runSteps } from "./run-steps.ts";
import { makeTenant, newPrefix, removeTenant, type Target } from "./target.ts";
import { World } from "./world.ts";
import { UserError } from "../../../common/user-error.ts";

export interface Inspection {
  lacks: ReadonlyMap<Need, string>;
  oldHandshake: boolean;
  /** Pause before each case, ms: the suite itself is not to come near the tenant's messages per second. */
  paceMs: number;
  notes: readonly string[];
}

const POLICY =
  "the lab's policy on realtime.messages: role authenticated may read (select) the topic 'sse:session:' followed by the claim " +
  "sse_session, and write (insert) nothing; service_role bypasses it";

/** Messages per second of a tenant that the whole suite at once does not come near. */
const ROOMY = 1000;
/** A case publishes about ten messages, each with a subscriber: half of what is allowed. */
const PACE = 20_000;

export interface InspectOptions {
  slow?: boolean;
  skipPrivate?: boolean;
  timeoutMs: number;
}

export async function inspectTarget(target: Target, options: InspectOptions): Promise<Inspection> {
  const lacks = new Map<Need, string>();
  const notes: string[] = [];
  if (!options.slow) lacks.set("slow", "takes more than a minute: --slow runs it");
  await reach(target, options.timeoutMs);
  const bare = isBare(target.address);
  let oldHandshake = false;
  if (bare) {
    oldHandshake = await refusesTheOldWay(target, options.timeoutMs);
    if (oldHandshake)
      notes.push("a server up to 2.114: refused handshakes are 403 without a body, and are judged as such");
    const refusal = await refusesTenants(target, options.timeoutMs);
    if (refusal !== undefined) lacks.set("tenants", refusal);
  } else {
    lacks.set("bare", "answered by the project's gateway, not by Realtime");
    lacks.set("tenants", "tenants cannot be made on a hosted project");
  }
  const denial = await deniesOwnChannel(target, options.timeoutMs);
  if (denial !== undefined && !options.skipPrivate)
    throw new UserError(
      `a session's token may not read its own channel (${denial}). The private cases need ${POLICY}. ` +
        "infra/realtime/policies.sql sets it up; --skip-private leaves these cases out",
    );
  if (denial !== undefined) lacks.set("private", "the target lacks the lab's policy");
  const perSecond = await messagesPerSecond(target, options.timeoutMs);
  const paceMs = perSecond < ROOMY ? Math.ceil(PACE / perSecond) : 0;
  if (paceMs > 0)
    notes.push(`the tenant allows ${perSecond} messages per second: one case at a time, ${paceMs} ms apart`);
  return { lacks, oldHandshake, paceMs, notes };
}

async function reach(target: Target, timeoutMs: number): Promise<void> {
  const world = await newWorld(target, timeoutMs);
  const where = target.address.webSocketUrl;
  try {
    const query = { apikey: world.apikey(world.token("service")), vsn: "2.0.0" };
    const opened = await Connection.open(target.address, { query }, "2.0.0", timeoutMs);
    if (opened instanceof Connection) {
      await opened.end();
      return;
    }
    throw new UserError(`${where} refuses a service-role token: ${explain(target, opened)}`);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ECONNREFUSED")
      throw new UserError(`nothing listens at ${where}: start the server, or correct the URL`);
    throw new UserError(`no WebSocket at ${where}: ${message || String(code)}`);
  }
}

function explain(target: Target, { status, body }: { status: number; body: unknown }): string {
  const seen = `${status} ${show(body)}`;
  if (status === 404)
    return `${seen}. The tenant is the first label of the host name: no tenant "${tenantOf(target.address)}" is there, or the path is wrong`;
  if (status === 401 || status === 403)
    return `${seen}. Is the JWT secret this server's (there: API_JWT_SECRET), and REALTIME_KEY too, where it is set?`;
  return seen;
}

/** No key at all: 401 with a reason, or 403 without one up to 2.114. */
async function refusesTheOldWay(target: Target, timeoutMs: number): Promise<boolean> {
  const opened = await Connection.open(target.address, { query: { vsn: "2.0.0" } }, "2.0.0", timeoutMs);
  if (opened instanceof Connection) {
    await opened.end();
    return false;
  }
  return opened.status === 403 && opened.body === "";
}

/** Why no tenant can be made here; undefined when one could, and is gone again. */
async function refusesTenants(target: Target, timeoutMs: number): Promise<string | undefined> {
  const name = newPrefix();
  const made = await makeTenant(target, name, {}, timeoutMs);
  await removeTenant(target, name, timeoutMs);
  if (!("refused" in made)) return undefined;
  const fix = target.tenantDatabase ? "" : "; REALTIME_TENANT_DB says which database a new tenant takes";
  return `no tenant can be made here: ${made.refused}${fix}`;
}

async function deniesOwnChannel(target: Target, timeoutMs: number): Promise<string | undefined> {
  const world = await newWorld(target, timeoutMs);
  try {
    const steps = [
      { open: "own", token: "session" },
      { join: "own", topic: "<private>", private: true },
    ];
    await runSteps(steps, world);
    return undefined;
  } catch (error) {
    if (error instanceof Mismatch) return error.seen;
    throw error;
  } finally {
    await world.end();
  }
}

/** Of the target's tenant. Unlimited where it does not say. */
async function messagesPerSecond(target: Target, timeoutMs: number): Promise<number> {
  const world = await newWorld(target, timeoutMs);
  const answer = await world.ask({
    method: "POST",
    path: "/api/broadcast",
    headers: { authorization: `Bearer ${world.token("service")}`, "content-type": "application/json" },
    body: JSON.stringify({ messages: [{ topic: world.topic, event: "first-look", payload: {} }] }),
  });
  const limit = Number(answer.headers["x-rate-limit"]);
  return limit > 0 ? limit : Infinity;
}

async function newWorld(target: Target, timeoutMs: number): Promise<World> {
  const world = new World(target, target.address, newPrefix(), { timeoutMs, oldHandshake: false });
  await world.mint({});
  return world;
}
