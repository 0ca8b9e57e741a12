/** Runs one case against one target. Returns a result and never throws. */
import type { ConformanceCase, Need } from "./conformance-case.ts";
import { Mismatch } from "./pattern.ts";
import { runAllSteps } from "./run-steps.ts";
import { makeTenant, newPrefix, type Target } from "./target.ts";
import { TestContext } from "./test-context.ts";

export interface CaseResult {
  id: string;
  section: string;
  title: string;
  /** `differs`: the notes are not certain, and the target behaves differently. */
  outcome: "conforms" | "fails" | "differs" | "skipped";
  /** Set if the case fails or differs. */
  expected?: string;
  seen?: string;
  /** Set if the case was skipped. */
  reason?: string;
  /** Duration, ms. */
  ms: number;
}

export interface RunOptions {
  target: Target;
  /** Needs that the target does not meet, and why. */
  lacks: ReadonlyMap<Need, string>;
  /** Longest wait for one answer, ms. */
  timeoutMs: number;
}

/** A server waits 5 s before it refuses a join and up to 15 s for the database of a new tenant. */
export const ANSWER_TIMEOUT_MS = 20_000;

export async function runCase(one: ConformanceCase, options: RunOptions): Promise<CaseResult> {
  const started = performance.now();
  const result = (rest: Omit<CaseResult, "id" | "section" | "title" | "ms">): CaseResult => ({
    id: one.id,
    section: one.section,
    title: one.title,
    ...rest,
    ms: Math.round(performance.now() - started),
  });
  const needs: readonly Need[] = [
    ...(one.needs ?? []),
    ...(one.tenant ? (["tenants"] as const) : []),
  ];
  const missing = needs.find((need) => options.lacks.has(need));
  if (missing !== undefined)
    return result({ outcome: "skipped", reason: options.lacks.get(missing) ?? "" });
  try {
    await run(one, options);
    return result({ outcome: "conforms" });
  } catch (error) {
    const outcome = one.settles ? "differs" : "fails";
    if (error instanceof Mismatch)
      return result({ outcome, expected: redact(error.expected), seen: redact(error.seen) });
    const seen =
      error instanceof Error ? `${error.name}: ${error.message || codeOf(error)}` : String(error);
    return result({ outcome, expected: "no error", seen: redact(seen) });
  }
}

async function run(one: ConformanceCase, { target, timeoutMs }: RunOptions): Promise<void> {
  const name = newPrefix();
  const tenant = one.tenant && (await makeTenant(target, name, one.tenant, timeoutMs));
  if (tenant && "refused" in tenant) throw new Mismatch("a tenant for the case", tenant.refused);
  const address = tenant?.address ?? target.address;
  const context = new TestContext(target, address, `${name}-${one.id}`, timeoutMs);
  try {
    await context.mint(one.tokens ?? {});
    await (typeof one.run === "function" ? one.run(context) : runAllSteps(one.run, context));
  } finally {
    await context.end();
    await tenant?.remove();
  }
}

/** A connection that several addresses refuse has a code and no message. */
const codeOf = (error: NodeJS.ErrnoException): string => error.code ?? "no reason";

/** A result never contains a token. */
const redact = (text: string): string => text.replace(/eyJ[\w-]*\.[\w-]*\.[\w-]*/g, "<token>");
