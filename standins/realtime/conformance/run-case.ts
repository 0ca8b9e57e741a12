/** One case against one target: always a result, never an exception. */
import type { Address } from "./address.ts";
import type { ConformanceCase, Need } from "./conformance-case.ts";
import { Mismatch } from "./mismatch.ts";
import { runAllSteps } from "./run-steps.ts";
import { makeTenant, newPrefix, removeTenant, type Target } from "./target.ts";
import { World } from "./world.ts";

export interface CaseResult {
  id: string;
  section: string;
  title: string;
  /** `differs`: the notes were not sure, and the target does otherwise. */
  outcome: "conforms" | "fails" | "differs" | "skipped";
  /** Of what fails or differs. */
  expected?: string;
  seen?: string;
  /** Of what was skipped. */
  reason?: string;
  /** How long it took, ms. */
  ms: number;
}

export interface RunOptions {
  target: Target;
  /** What the target does not have, and why. */
  lacks: ReadonlyMap<Need, string>;
  oldHandshake: boolean;
  /** Longest wait for one answer, ms. */
  timeoutMs: number;
}

/** A server waits 5 s before it refuses a join, and up to 15 s for the database of a new tenant. */
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
  const needs: readonly Need[] = [...(one.needs ?? []), ...(one.tenant ? (["tenants"] as const) : [])];
  const missing = needs.find((need) => options.lacks.has(need));
  if (missing !== undefined) return result({ outcome: "skipped", reason: options.lacks.get(missing) ?? "" });
  try {
    await runInWorld(one, options);
    return result({ outcome: "conforms" });
  } catch (error) {
    const outcome = one.settles ? "differs" : "fails";
    if (error instanceof Mismatch)
      return result({ outcome, expected: redact(error.expected), seen: redact(error.seen) });
    const seen = error instanceof Error ? `${error.name}: ${error.message || codeOf(error)}` : String(error);
    return result({ outcome, expected: "no error", seen: redact(seen) });
  }
}

async function runInWorld(one: ConformanceCase, options: RunOptions): Promise<void> {
  const { target, timeoutMs } = options;
  const name = newPrefix();
  let address = target.address;
  if (one.tenant) {
    const made = await makeTenant(target, name, one.tenant, timeoutMs);
    if ("refused" in made) throw new Mismatch("a tenant for the case", made.refused);
    address = made;
  }
  try {
    await runInAddress(one, options, address, name);
  } finally {
    if (one.tenant) await removeTenant(target, name, timeoutMs);
  }
}

async function runInAddress(
  one: ConformanceCase,
  options: RunOptions,
  address: Address,
  name: string,
): Promise<void> {
  const world = new World(options.target, address, `${name}-${one.id}`, options);
  await world.mint(one.tokens ?? {});
  try {
    await (typeof one.run === "function" ? one.run(world) : runAllSteps(one.run, world));
  } finally {
    await world.end();
  }
}

/** A connection that was refused at several addresses has a code and no message. */
const codeOf = (error: NodeJS.ErrnoException): string => error.code ?? "no reason";

/** A token is nobody's to read, in a result neither. */
const redact = (text: string): string => text.replace(/eyJ[\w-]*\.[\w-]*\.[\w-]*/g, "<token>");
