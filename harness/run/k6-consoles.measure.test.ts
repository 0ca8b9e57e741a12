/** A load by k6 on two machines, the lab's double of k6 in its place, merged afterwards. */
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { bundleScript } from "../load/k6/scripts/bundle-scripts.ts";
import { k6Arguments } from "../load/k6/process/k6-command.ts";
import { scheduleSessions } from "../load/portable/load-schedule.ts";
import { localPlatform } from "../platform/local/local-platform.ts";
import { selectTopologies } from "../scenario/scenario.ts";
import { rebuildReport } from "./results/rebuild-report.ts";
import { expectVerdict } from "./test-support/test-comparison.ts";
import { PROJECT_ROOT } from "../../common/paths.ts";

const DOUBLE = join(PROJECT_ROOT, "standins", "k6", "k6-double.mjs");
const [topology] = selectTopologies({ topologies: ["phase1"] });

it(
  "is judged from the consoles of two processes and the instances' ledgers alone",
  { timeout: 120_000 },
  async (context) => {
    const work = await mkdtemp(join(tmpdir(), "sse-lab-remote-"));
    const copied = join(work, "copied");
    await mkdir(join(copied, "ledgers"), { recursive: true });
    const deployment = await localPlatform.up({
      topology: topology!,
      replicas: 2,
      redis: "up",
      workDir: join(work, "deployment"),
    });
    const plan = {
      url: deployment.url,
      client: "eventsource" as const,
      arrival: "stationary" as const,
      sessions: 20,
      eventsPerSecond: 4,
      durationS: 4,
      pipelineS: 2,
      warmUpS: 1,
      jitter: "full" as const,
      heartbeatS: 15,
      rampS: 1,
      drainS: 3,
      gates: 1,
      payloadBytes: 50,
      seed: 5,
      repeat: 1,
    };
    const planned = scheduleSessions(plan);
    try {
      const script = await bundleScript("sse", work);
      const labels = { topology: "phase1", bounce: "none" as const, repeat: 1, replicas: 2 };
      await Promise.all(
        [
          { part: "0:1/2", format: "json", name: "left.log" },
          { part: "1/2:1", format: "text", name: "right.log" },
        ].map(({ part, format, name }) => {
          const [run, ...flags] = k6Arguments({
            script,
            plan,
            labels,
            consoleFile: join(copied, name),
          });
          // The last one of a flag counts.
          const changed = [
            "--log-format",
            format,
            "--execution-segment",
            part,
            "--execution-segment-sequence",
            "0,1/2,1",
          ];
          return execa(DOUBLE, [run!, ...flags.slice(0, -1), ...changed, script], { cwd: work });
        }),
      );
      for (const { path } of await deployment.ledgers())
        await copyFile(path, join(copied, "ledgers", basename(path)));
    } finally {
      await deployment.down();
    }
    const { runs, platform, client } = await rebuildReport(copied);
    expect({ platform, client }).toEqual({ platform: "url", client: "eventsource" });
    const due = planned.reduce((sum, { events }) => sum + events, 0);
    expect(runs[0]).toMatchObject({
      due,
      delivered: due,
      lost: 0,
      indeterminate: 0,
      stuckStreams: 0,
    });
    const gates = planned.length;
    expect(runs[0]?.gates).toEqual({
      offered: gates,
      answered: gates,
      reachedPipeline: gates,
      stalled: 0,
    });
    expect(runs[0]?.reasons[0]).toBe(
      "Merged from the output of 2 k6 processes (left.log, right.log).",
    );

    const unproven = join(work, "without-ledgers");
    await mkdir(unproven);
    for (const name of ["left.log", "right.log"])
      await copyFile(join(copied, name), join(unproven, name));
    const [run] = (await rebuildReport(unproven)).runs;
    expect(run).toMatchObject({ verdict: "unknown", due, delivered: due, lost: 0 });
    await rm(work, { recursive: true, force: true });
    expectVerdict(context, "valid", runs[0]!);
  },
);
