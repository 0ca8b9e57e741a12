/** Sessions that are followed before a load, so that no run measures by a wrong file. */
import { UserError } from "../../../common/user-error.ts";
import type { Deployment } from "../../platform/platform.ts";
import { tryService } from "../../service/check/try-service.ts";
import { describeProblem, type Problem } from "../../service/problem.ts";
import type { Service } from "../../service/read-service-file.ts";

const EVENTS = 5;
const PATIENCE_MS = 10_000;
/** A longer run is not followed to its end. */
const ENOUGH_MS = 15_000;

/**
 * Sessions of a target that are tried at once. Instances behind its router may lose events of most
 * of them, which is what a load measures: one that fits shows that the file does.
 */
const SESSIONS_OF_TARGET = 8;

type Tried = Pick<Deployment, "url" | "instances" | "instanceUrls">;

/**
 * Instances that the lab started are asked past their router: one alone loses nothing.
 *
 * @throws UserError with the first thing that does not fit: file, line, key and fix
 */
export async function refuseMisfit(
  service: Service,
  { url, instances, instanceUrls }: Tried,
  signal: AbortSignal,
): Promise<void> {
  const own = instanceUrls[instances[0] ?? ""];
  const outcomes = await Promise.all(
    Array.from({ length: own === undefined ? SESSIONS_OF_TARGET : 1 }, () =>
      follow(service, own ?? url, signal),
    ),
  );
  signal.throwIfAborted();
  const problems = outcomes.flatMap((one) =>
    one.problem ? [{ ...one, problem: one.problem }] : [],
  );
  const [furthest] = problems.toSorted((a, b) => b.steps - a.steps);
  if (problems.length < outcomes.length || furthest === undefined) return;
  const tried =
    own === undefined
      ? `none of ${SESSIONS_OF_TARGET} sessions that were tried at ${url} fits`
      : `a session that was tried at ${own} does not fit`;
  throw new UserError(
    `${describeProblem(service.source, furthest.problem)} (${tried})`,
    own === undefined
      ? "look closer with sse-lab service check --url; if the service itself loses that much, " +
          "add --skip-check"
      : "look closer with sse-lab service check --url",
  );
}

/** One session: what does not fit, and how many of its steps went well. */
async function follow(
  service: Service,
  url: string,
  signal: AbortSignal,
): Promise<{ problem: Problem | undefined; steps: number }> {
  let steps = 0;
  const onStep = (): void => void (steps += 1);
  const problem = await tryService(service, {
    url,
    events: EVENTS,
    patienceMs: PATIENCE_MS,
    enoughMs: ENOUGH_MS,
    onStep,
    signal,
  });
  return { problem, steps };
}
