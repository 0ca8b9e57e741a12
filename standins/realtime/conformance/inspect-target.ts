/** Inspects a target: whether it can be judged, and which needs it does not meet. */
import { UserError } from "../../../common/user-error.ts";
import { isBare, tenantOf } from "./address.ts";
import type { Need } from "./conformance-case.ts";
import { Connection, type Refusal, showRefusal } from "./connection.ts";
import { Mismatch } from "./pattern.ts";
import { runSteps } from "./run-steps.ts";
import { makeTenant, newPrefix, type Target } from "./target.ts";
import { TestContext } from "./test-context.ts";

export interface Inspection {
  lacks: ReadonlyMap<Need, string>;
  /** Pause before each case, ms: the suite stays far below the tenant's messages per second. */
  paceMs: number;
  notes: readonly string[];
}

const POLICY =
  "the lab's policy on realtime.messages: role sse_page may read (select) the topic " +
  "'sse:session:' followed by the claim sse_session, and write (insert) nothing; " +
  "service_role bypasses it";

/** A limit, messages per second, that the whole suite at once stays far below. */
const ROOMY = 1000;
/** A case publishes about ten messages, each to one subscriber: half of the limit. */
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
  if (isBare(target.address)) {
    const refusal = await refusesTenants(target, options.timeoutMs);
    if (refusal !== undefined) lacks.set("tenants", refusal);
    if (target.startTenant) lacks.set("tenant-api", "the stand-in has no tenant API");
  } else {
    lacks.set("bare", "answered by the project's gateway, not by Realtime");
    lacks.set("tenants", "tenants cannot be made on a hosted project");
  }
  const denial = await deniesOwnChannel(target, options.timeoutMs);
  if (denial !== undefined && !options.skipPrivate)
    throw new UserError(
      `a session's token may not read its own channel (${denial}). ` +
        `The private cases need ${POLICY}. ` +
        "infra/realtime/policies.sql sets it up; --skip-private skips these cases",
    );
  if (denial !== undefined) lacks.set("private", "the target lacks the lab's policy");
  const perSecond = await messagesPerSecond(target, options.timeoutMs);
  const paceMs = perSecond < ROOMY ? Math.ceil(PACE / perSecond) : 0;
  if (paceMs > 0)
    notes.push(
      `the tenant allows ${perSecond} messages per second: one case at a time, ${paceMs} ms apart`,
    );
  return { lacks, paceMs, notes };
}

async function reach(target: Target, timeoutMs: number): Promise<void> {
  const context = await newContext(target, timeoutMs);
  const where = target.address.webSocketUrl;
  const query = { apikey: context.apikey(context.token("service")), vsn: "2.0.0" };
  let opened: Connection | Refusal;
  try {
    opened = await Connection.open(target.address, query, "2.0.0", timeoutMs);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === "ECONNREFUSED"
        ? `nothing listens at ${where}: start the server, or correct the URL`
        : `no WebSocket at ${where}: ${message || String(code)}`,
    );
  }
  if (!(opened instanceof Connection))
    throw new UserError(`${where} refuses a service-role token: ${explain(target, opened)}`);
  await opened.end();
}

function explain(target: Target, refusal: Refusal): string {
  const seen = showRefusal(refusal);
  if (refusal.status === 404)
    return (
      `${seen}. The tenant is the first label of the host name: ` +
      `there is no tenant "${tenantOf(target.address)}", or the path is wrong`
    );
  if (refusal.status === 401 || refusal.status === 403)
    return (
      `${seen}. Is the JWT secret that of the server (API_JWT_SECRET there)? ` +
      "If REALTIME_KEY is set, is it correct?"
    );
  return seen;
}

/** Returns why the server makes no tenant; undefined if it made one, which is removed. */
async function refusesTenants(target: Target, timeoutMs: number): Promise<string | undefined> {
  const made = await makeTenant(target, newPrefix(), {}, timeoutMs);
  if (!("refused" in made)) {
    await made.remove();
    return undefined;
  }
  const fix = target.tenantDatabase
    ? ""
    : "; set REALTIME_TENANT_DB to the database of a new tenant";
  return `the server makes no tenant: ${made.refused}${fix}`;
}

async function deniesOwnChannel(target: Target, timeoutMs: number): Promise<string | undefined> {
  const context = await newContext(target, timeoutMs);
  try {
    const steps = [
      { open: "own", token: "session" },
      { join: "own", topic: "<private>", private: true },
    ];
    await runSteps(steps, context);
    return undefined;
  } catch (error) {
    if (error instanceof Mismatch) return error.seen;
    throw error;
  } finally {
    await context.end();
  }
}

/** Limit of the target's tenant. Infinity if the answer does not contain it. */
async function messagesPerSecond(target: Target, timeoutMs: number): Promise<number> {
  const context = await newContext(target, timeoutMs);
  const answer = await context.ask({
    method: "POST",
    path: "/api/broadcast",
    headers: {
      authorization: `Bearer ${context.token("service")}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({
      messages: [{ topic: context.topic, event: "first-look", payload: {} }],
    }),
  });
  const limit = Number(answer.headers["x-rate-limit"]);
  return limit > 0 ? limit : Infinity;
}

async function newContext(target: Target, timeoutMs: number): Promise<TestContext> {
  const context = new TestContext(target, target.address, newPrefix(), timeoutMs);
  await context.mint({});
  return context;
}
