/** Carries the steps of a case out. The first one that comes out otherwise ends it with a mismatch. */
import { withTenant } from "./address.ts";
import { Connection, type Refusal, showArrived } from "./connection.ts";
import type { HttpStep, JoinStep, OpenStep, RefusedStep, Step } from "./conformance-case.ts";
import { encodeMessage, encodePush, receivedShape, type Vsn } from "./frames.ts";
import { Mismatch, show } from "./mismatch.ts";
import { matches, type Pattern, showPattern } from "./pattern.ts";
import type { World } from "./world.ts";

export const JOINED: Pattern = { status: "ok", response: { postgres_changes: [] } };

export async function runSteps(steps: readonly Step[], world: World): Promise<void> {
  for (const step of steps) await runStep(world.fill(step), world);
}

/** A whole case: after its last step no connection has got anything more. */
export async function runAllSteps(steps: readonly Step[], world: World): Promise<void> {
  await runSteps(steps, world);
  await runSteps(
    world.openConnections.map((name) => ({ quiet: name })),
    world,
  );
}

async function runStep(step: Step, world: World): Promise<void> {
  if ("open" in step) return open(step, world);
  if ("refused" in step) return refused(step, world);
  if ("join" in step) return join(step, world);
  if ("http" in step) return http(step, world);
  if ("quiet" in step) return quiet(step.quiet, world);
  if ("closed" in step) return closed(step, world);
  if ("ping" in step) return ping(step.ping, world);
  if ("send" in step) {
    const connection = world.connection(step.send);
    if ("message" in step) connection.send(encodeMessage(connection.vsn, step.message));
    else connection.send("push" in step ? encodePush(step.push) : step.frame);
    return;
  }
  if ("binary" in step) return binary(step, world);
  const { vsn } = world.connection(step.receive);
  const pattern = "text" in step ? step.text : (receivedShape(vsn, step.message) as Pattern);
  await world.expectText(step.receive, pattern, "withinMs" in step ? step.withinMs : undefined);
}

async function open(step: OpenStep, world: World): Promise<void> {
  const token = step.token ?? "service";
  const apikey = step.headers?.["x-api-key"] === undefined ? world.apikey(world.token(token)) : "not.the.key";
  const wanted = step.vsn === undefined ? "2.0.0" : step.vsn;
  const vsn: Vsn = wanted?.startsWith("2.") ? "2.0.0" : "1.0.0";
  const opened = await Connection.open(
    world.address,
    {
      query: { apikey, ...(wanted === null ? {} : { vsn: wanted }) },
      ...(step.headers && { headers: step.headers }),
      ...(step.offerDeflate && { offerDeflate: true }),
    },
    vsn,
    world.timeoutMs,
  );
  if (!(opened instanceof Connection)) throw new Mismatch("101 and an open socket", showRefusal(opened));
  world.keep(step.open, opened, token);
  if (step.offerDeflate && opened.extensions !== "")
    throw new Mismatch("no WebSocket extension", show(opened.extensions));
}

async function refused({ refused: wanted, status, body }: RefusedStep, world: World): Promise<void> {
  const address = wanted.tenant === undefined ? world.address : withTenant(world.address, wanted.tenant);
  const expected = `a refused handshake with ${status} ${showPattern(body)}`;
  const query = {
    ...(wanted.apikey === null ? {} : { apikey: wanted.apikey }),
    vsn: wanted.vsn ?? "2.0.0",
  };
  const handshake = { query, ...(wanted.headers && { headers: wanted.headers }) };
  const opened = await Connection.open(address, handshake, "2.0.0", world.timeoutMs);
  if (opened instanceof Connection) {
    await opened.end();
    throw new Mismatch(expected, "101 and an open socket");
  }
  // Servers up to 2.114 refuse everything in this one way; the first look at the target told that it is one of them.
  if (world.oldHandshake && opened.status === 403 && opened.body === "") return;
  if (opened.status !== status || !matches(body, opened.body))
    throw new Mismatch(expected, showRefusal(opened));
}

async function join(step: JoinStep, world: World): Promise<void> {
  const { vsn } = world.connection(step.join);
  const topic = `realtime:${step.topic ?? world.topic}`;
  const ref = step.ref ?? "1";
  const config = {
    broadcast: step.broadcast ?? {},
    presence: { enabled: false },
    private: step.private ?? false,
  };
  const access_token = world.token(step.token ?? world.tokenOf(step.join));
  const message = [ref, ref, topic, "phx_join", { config, access_token }] as const;
  world.connection(step.join).send(encodeMessage(vsn, message));
  const outcome: Pattern =
    step.denied === undefined ? JOINED : { status: "error", response: { reason: step.denied } };
  const reply = receivedShape<Pattern>(vsn, [ref, ref, topic, "phx_reply", outcome]);
  // The first join of a tenant waits for its database, up to 15 s.
  await world.expectText(step.join, reply);
}

async function binary(step: Extract<Step, { binary: unknown }>, world: World): Promise<void> {
  const { topic, event, encoding, payload } = step.binary;
  const pattern = { binary: { topic, event, encoding, metadata: "", payload } };
  const arrived = await world.connection(step.receive).next(showPattern(pattern), world.timeoutMs);
  if (!("frame" in arrived && matches(pattern, arrived.frame)))
    throw new Mismatch(showPattern(pattern), showArrived(arrived));
}

async function quiet(name: string, world: World): Promise<void> {
  const connection = world.connection(name);
  const ref = connection.nextRef();
  connection.send(encodeMessage(connection.vsn, [null, ref, "phoenix", "heartbeat", {}]));
  const answer = { status: "ok", response: {} };
  const reply = receivedShape<Pattern>(connection.vsn, [null, ref, "phoenix", "phx_reply", answer]);
  await world.expectText(name, reply);
}

async function ping(name: string, world: World): Promise<void> {
  const connection = world.connection(name);
  connection.ping();
  const arrived = await connection.next("a pong", world.timeoutMs);
  if (!("pong" in arrived)) throw new Mismatch("a pong", showArrived(arrived));
}

async function closed(step: Extract<Step, { closed: unknown }>, world: World): Promise<void> {
  const expected = `the socket closes with ${showPattern(step.code)}`;
  const arrived = await world.connection(step.closed).next(expected, step.withinMs ?? world.timeoutMs);
  if (!("closed" in arrived && matches(step.code, arrived.closed.code)))
    throw new Mismatch(expected, showArrived(arrived));
}

async function http(step: HttpStep, world: World): Promise<void> {
  const token = step.token === undefined ? "service" : step.token;
  const headers = {
    ...(token === null ? {} : { authorization: `Bearer ${world.token(token)}` }),
    ...(step.json === undefined ? {} : { "content-type": "application/json" }),
    ...step.headers,
  };
  const body = step.json === undefined ? step.body : JSON.stringify(step.json);
  const address = step.tenant === undefined ? world.address : withTenant(world.address, step.tenant);
  const request = { method: step.http, path: step.path, headers, ...(body === undefined ? {} : { body }) };
  const answer = await world.ask(request, address);
  const expected = step.answers === undefined ? "" : ` ${showPattern(step.answers)}`;
  const seen = `${answer.status} ${show(answer.body)}`;
  if (
    !matches(step.status, answer.status) ||
    (step.answers !== undefined && !matches(step.answers, answer.body))
  )
    throw new Mismatch(`${step.http} ${step.path} answers ${showPattern(step.status)}${expected}`, seen);
  for (const [name, pattern] of Object.entries(step.headersMatch ?? {}))
    if (!matches(pattern, answer.headers[name]))
      throw new Mismatch(`header ${name}: ${showPattern(pattern)}`, show(answer.headers[name] ?? "none"));
}

const showRefusal = ({ status, body }: Refusal): string => `${status} ${show(body)}`;
