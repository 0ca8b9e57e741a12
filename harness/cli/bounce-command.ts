/** `sse-lab bounce`: disturbs a topology that `sse-lab up` left running. */
import { type Command, Option } from "commander";
import { BOUNCE_KINDS, type BounceKind, type Observation } from "../history/observation.ts";
import { nowMs } from "../clock.ts";
import { bounce } from "../nemesis/nemesis.ts";
import { attach, findKept, releaseToBackground } from "../platform/local/kept-deployments.ts";
import { CliError, EXIT } from "./exit.ts";
import { interruptible } from "./interrupt.ts";
import { sweep } from "./sweep.ts";

const KINDS = BOUNCE_KINDS.filter((kind) => kind !== "none");

export function addBounce(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("bounce")
    .argument("<topology>", "one that is up, e.g. phase1")
    .summary("disturb a topology that is up")
    .description(
      "Carries one bounce out on a topology that `sse-lab up` left running, and says when each part happened.",
    )
    .addOption(new Option("--kind <kind>", "which bounce").choices(KINDS).default("rolling"))
    .action(async (topology: string, options: { kind: BounceKind }) => {
      setExitCode(await bounceKept(topology, options.kind));
    });
}

async function bounceKept(topology: string, kind: BounceKind): Promise<number> {
  await sweep();
  const all = findKept();
  const kept = all.find((one) => one.topology === topology);
  if (!kept) {
    const there = all.map((one) => one.topology).join(", ") || "nothing";
    throw new CliError(
      `bounce ${topology}: it is not up (${there} is); bring it up with sse-lab up ${topology}`,
    );
  }
  const startMs = nowMs();
  const say = (what: string, atMs: number): void =>
    void process.stdout.write(`${((atMs - startMs) / 1000).toFixed(2).padStart(7)} s  ${what}\n`);
  const failures: string[] = [];
  const record = (observation: Observation): void => {
    if (observation.type !== "bounce") return;
    const { target, state, error, atMs } = observation;
    if (error !== undefined) failures.push(error);
    say(`${kind} of ${target} ${error === undefined ? state : `failed: ${error}`}`, atMs);
  };
  await interruptible(async (signal) => {
    const deployment = attach(kept.id, {
      onInstance: (instance, state, atMs) => say(`  ${instance} ${state}`, atMs),
      signal,
    });
    try {
      const { instances, control } = deployment;
      await bounce({ kind, instances, control, recorder: { record }, seed: Date.now(), signal });
      signal.throwIfAborted();
    } finally {
      await releaseToBackground(deployment);
    }
  });
  return failures.length > 0 ? EXIT.unknown : EXIT.valid;
}
