/** Runs the steps of a case. The first step with another result throws a mismatch. */
import { withTenant } from "./address.ts";
import { Connection, showArrived, showRefusal } from "./connection.ts";
import type { HttpStep, JoinStep, RefusedStep, Step } from "./conformance-case.ts";
import { encodeMessage, encodePush, receivedShape } from "./frames.ts";
import { matches, Mismatch, type Pattern, show, showPattern } from "./pattern.ts";
import type { TestContext } from "./test-context.ts";

export const JOINED: Pattern = { status: "ok", response: { postgres_changes: [] } };

export async function runSteps(steps: readonly Step[], context: TestContext): Promise<void> {
  for (const step of steps) await runStep(context.fill(step), context);
}

/** Runs a whole case: after its last step no connection has received anything more. */
export async function runAllSteps(steps: readonly Step[], context: TestContext): Promise<void> {
  await runSteps(steps, context);
  await runSteps(
    context.openConnections.map((name) => ({ quiet: name })),
    context,
  );
}

async function runStep(step: Step, context: TestContext): Promise<void> {
  if ("open" in step) {
    await context.open(step.open, step.vsn, step.token);
    return;
  }
  if ("refused" in step) return refused(step, context);
  if ("join" in step) return join(step, context);
  if ("http" in step) return http(step, context);
  if ("quiet" in step) return quiet(step.quiet, context);
  if ("closed" in step) return closed(step, context);
  if ("send" in step) {
    const connection = context.connection(step.send);
    if ("message" in step) connection.send(encodeMessage(connection.vsn, step.message));
    else connection.send("push" in step ? encodePush(step.push) : step.frame);
    return;
  }
  if ("binary" in step) return binary(step, context);
  const { vsn } = context.connection(step.receive);
  const pattern = "text" in step ? step.text : (receivedShape(vsn, step.message) as Pattern);
  await context.expectText(step.receive, pattern, "withinMs" in step ? step.withinMs : undefined);
}

async function refused(
  { refused: { apikey, tenant }, status, body }: RefusedStep,
  context: TestContext,
): Promise<void> {
  const address = tenant === undefined ? context.address : withTenant(context.address, tenant);
  const expected = `a refused handshake with ${status} ${showPattern(body)}`;
  const query = { ...(apikey === null ? {} : { apikey }), vsn: "2.0.0" };
  const opened = await Connection.open(address, query, "2.0.0", context.timeoutMs);
  if (opened instanceof Connection) {
    await opened.end();
    throw new Mismatch(expected, "101 and an open socket");
  }
  if (opened.status !== status || !matches(body, opened.body))
    throw new Mismatch(expected, showRefusal(opened));
}

async function join(step: JoinStep, context: TestContext): Promise<void> {
  const { vsn } = context.connection(step.join);
  const topic = `realtime:${step.topic ?? context.topic}`;
  const ref = step.ref ?? "1";
  const config = {
    broadcast: step.broadcast ?? {},
    presence: { enabled: false },
    private: step.private ?? false,
  };
  const access_token = context.token(step.token ?? context.tokenOf(step.join));
  const message = [ref, ref, topic, "phx_join", { config, access_token }] as const;
  context.connection(step.join).send(encodeMessage(vsn, message));
  const outcome: Pattern =
    step.denied === undefined ? JOINED : { status: "error", response: { reason: step.denied } };
  const reply = receivedShape<Pattern>(vsn, [ref, ref, topic, "phx_reply", outcome]);
  await context.expectText(step.join, reply);
}

async function binary(
  step: Extract<Step, { binary: unknown }>,
  context: TestContext,
): Promise<void> {
  const pattern = { binary: { ...step.binary, metadata: "" } };
  const arrived = await context
    .connection(step.receive)
    .next(showPattern(pattern), context.timeoutMs);
  if (!("frame" in arrived && matches(pattern, arrived.frame)))
    throw new Mismatch(showPattern(pattern), showArrived(arrived));
}

async function quiet(name: string, context: TestContext): Promise<void> {
  const connection = context.connection(name);
  const ref = connection.nextRef();
  connection.send(encodeMessage(connection.vsn, [null, ref, "phoenix", "heartbeat", {}]));
  const answer = { status: "ok", response: {} };
  const reply = receivedShape<Pattern>(connection.vsn, [null, ref, "phoenix", "phx_reply", answer]);
  await context.expectText(name, reply);
}

async function closed(
  step: Extract<Step, { closed: unknown }>,
  context: TestContext,
): Promise<void> {
  const expected = `the socket closes with ${showPattern(step.code)}`;
  const arrived = await context
    .connection(step.closed)
    .next(expected, step.withinMs ?? context.timeoutMs);
  if (!("closed" in arrived && matches(step.code, arrived.closed.code)))
    throw new Mismatch(expected, showArrived(arrived));
}

async function http(step: HttpStep, context: TestContext): Promise<void> {
  const token = step.token === undefined ? "service" : step.token;
  const text = step.text ?? (step.json === undefined ? undefined : JSON.stringify(step.json));
  const headers = {
    ...(token === null ? {} : { authorization: `Bearer ${context.token(token)}` }),
    ...(text === undefined ? {} : { "content-type": "application/json" }),
  };
  const body = text === undefined ? {} : { body: text };
  const address =
    step.tenant === undefined ? context.address : withTenant(context.address, step.tenant);
  const request = { method: step.http, path: step.path, headers, ...body };
  const answer = await context.ask(request, address);
  const expected = step.answers === undefined ? "" : ` ${showPattern(step.answers)}`;
  const seen = `${answer.status} ${show(answer.body)}`;
  if (
    !matches(step.status, answer.status) ||
    (step.answers !== undefined && !matches(step.answers, answer.body))
  )
    throw new Mismatch(
      `${step.http} ${step.path} answers ${showPattern(step.status)}${expected}`,
      seen,
    );
  for (const [name, pattern] of Object.entries(step.headersMatch ?? {}))
    if (!matches(pattern, answer.headers[name]))
      throw new Mismatch(
        `header ${name}: ${showPattern(pattern)}`,
        show(answer.headers[name] ?? "none"),
      );
}
