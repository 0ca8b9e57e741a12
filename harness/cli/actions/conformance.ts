/**
 * `sse-lab conformance`: does a Supabase Realtime, or the stand-in for it, do what
 * docs/realtime-protocol.md says?
 */
import pc from "picocolors";
import { addressOf } from "../../../standins/realtime/conformance/address.ts";
import { jwtSecretProblem } from "../../../common/portable/realtime/config-rules.ts";
import { UserError } from "../../../common/user-error.ts";
import type { CaseResult } from "../../../standins/realtime/conformance/run-case.ts";
import type { SuiteResult } from "../../../standins/realtime/conformance/run-suite.ts";
import type { Target } from "../../../standins/realtime/conformance/target.ts";
import { STAND_IN } from "../../../infra/realtime/realtime-names.ts";
import { wantsColour } from "../output/colour.ts";
import { EXIT } from "../exit.ts";
import { interruptible } from "../interrupt.ts";

interface ConformanceOptions {
  url?: string;
  jwtSecretEnv: string;
  slow?: true;
  skipPrivate?: true;
  json?: true;
}

/** @throws UserError when the target cannot be checked */
export async function conformance(options: ConformanceOptions): Promise<number> {
  const { fails, differs } = await interruptible((signal) => checkTarget(options, signal));
  return fails + differs > 0 ? EXIT.invalid : EXIT.valid;
}

async function checkTarget(options: ConformanceOptions, signal: AbortSignal): Promise<SuiteResult> {
  const url = options.url ?? given("REALTIME_URL");
  if (url !== undefined) return judge("realtime", url, readTarget(url, options), options, signal);
  const { startStandInTarget } =
    await import("../../../standins/realtime/conformance/stand-in-target.ts");
  const standIn = await startStandInTarget();
  try {
    return await judge(STAND_IN, standIn.url, standIn.target, options, signal);
  } finally {
    await standIn.stop();
  }
}

/** An empty variable counts as not set. */
const given = (name: string): string | undefined => process.env[name]?.trim() || undefined;

function readTarget(url: string, options: ConformanceOptions): Target {
  const source = options.url === undefined ? "REALTIME_URL" : "--url";
  const jwtSecret = given(options.jwtSecretEnv);
  if (jwtSecret === undefined)
    throw new UserError(
      `${options.jwtSecretEnv} is not set: give the server's JWT secret (there: ` +
        "API_JWT_SECRET), which signs the tokens of the cases",
    );
  const problem = jwtSecretProblem(jwtSecret);
  if (problem !== undefined) throw new UserError(`${options.jwtSecretEnv} ${problem}`);
  const serviceKey = given("REALTIME_KEY");
  const anonKey = given("REALTIME_ANON_KEY");
  const tenantDatabase = given("REALTIME_TENANT_DB");
  let address;
  try {
    address = addressOf(url);
  } catch (error) {
    throw new UserError(`${source}: ${(error as Error).message}`);
  }
  return {
    address,
    jwtSecret,
    ...(serviceKey && { serviceKey }),
    ...(anonKey && { anonKey }),
    ...(tenantDatabase && { tenantDatabase: parseDatabase(tenantDatabase) }),
  };
}

/** Says nothing of the value: a password is in it. */
function parseDatabase(text: string): Record<string, string> {
  const parsed = ((): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  })();
  if (
    typeof parsed === "object" &&
    parsed !== null &&
    Object.values(parsed).every((one) => typeof one === "string")
  )
    return parsed as Record<string, string>;
  throw new UserError(
    "REALTIME_TENANT_DB is no JSON object of texts: give " +
      '{"db_host":"...","db_port":"5432","db_name":"...","db_user":"...","db_password":"..."}',
  );
}

async function judge(
  name: string,
  url: string,
  target: Target,
  options: ConformanceOptions,
  signal: AbortSignal,
): Promise<SuiteResult> {
  const say = (line: string): boolean => process.stderr.write(`${line}\n`);
  const describe = describer(process.stderr);
  say(
    name === STAND_IN
      ? `target: ${STAND_IN}, which this command started. It is no Supabase Realtime: --url ` +
          "or REALTIME_URL names one"
      : `target: ${url}`,
  );
  const { runSuite } = await import("../../../standins/realtime/conformance/run-suite.ts");
  const result = await runSuite({
    target,
    signal,
    ...(options.slow && { slow: true }),
    ...(options.skipPrivate && { skipPrivate: true }),
    onInspected: ({ notes }) => notes.forEach((note) => say(`note: ${note}`)),
    onResult: (one) => say(describe(one)),
  });
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ target: name, url, ...result }, undefined, 2)}\n`
      : summarize(name, result),
  );
  return result;
}

function describer(stream: NodeJS.WriteStream): (result: CaseResult) => string {
  const colours = pc.createColors(wantsColour(stream));
  const paint = {
    conforms: colours.green,
    fails: colours.red,
    differs: colours.yellow,
    skipped: colours.dim,
  };
  const words = {
    conforms: "ok",
    fails: "FAILS",
    differs: "differs from the notes",
    skipped: "skipped",
  };
  return ({ outcome, section, id, title, expected, seen, reason, ms }) =>
    [
      `${paint[outcome](words[outcome].padEnd(7))} ${section.padEnd(5)} ${id}: ${title} ` +
        colours.dim(`${ms} ms`),
      ...(reason === undefined ? [] : [`        because: ${reason}`]),
      ...(expected === undefined ? [] : [`        expected: ${expected}`]),
      ...(seen === undefined ? [] : [`        seen:     ${seen}`]),
    ].join("\n");
}

/** The counts, and again what does not conform: it has scrolled away. */
function summarize(
  name: string,
  { cases, conforms, fails, differs, skipped }: SuiteResult,
): string {
  const wrong = cases.filter(({ outcome }) => outcome === "fails" || outcome === "differs");
  const reasons = new Set(cases.flatMap(({ reason }) => (reason === undefined ? [] : [reason])));
  return [
    ...wrong.map(describer(process.stdout)),
    `${name}: ${cases.length} cases, ${conforms} conform, ${fails} fail, ${differs} differ ` +
      `from the notes, ${skipped} skipped`,
    ...[...reasons].map((reason) => `  skipped: ${reason}`),
    "",
  ].join("\n");
}
