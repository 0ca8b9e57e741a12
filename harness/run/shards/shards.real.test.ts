/** Load generators as a user starts them, and what `sse-lab merge` makes of their files. */
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fromRoot, PROJECT_ROOT } from "../../../common/paths.ts";
import { TOPOLOGIES } from "../../../infra/topologies.ts";
import { readHistory } from "../../history/read-history.ts";
import { localPlatform } from "../../platform/local/local-platform.ts";
import type { Deployment } from "../../platform/platform.ts";
import { parseSummary } from "../../report/summary/summary.ts";

let folder: string;
let deployment: Deployment;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-shards-"));
  deployment = await localPlatform.up({
    topology: TOPOLOGIES.find(({ name }) => name === "phase1")!,
    replicas: 2,
    redis: "up",
    workDir: join(folder, "deployment"),
  });
});
afterAll(async () => {
  await deployment.down();
  await rm(folder, { recursive: true, force: true });
});

const sseLab = (...args: string[]) =>
  execa(process.execPath, [fromRoot("harness/cli/sse-lab.mjs"), ...args], {
    reject: false,
    cwd: PROJECT_ROOT,
  });

const LOAD = "--topologies phase1 --sessions 20 --rate 4 --arrival ramp --ramp 1 --duration 3";

const play = async (shard: string): Promise<string> => {
  const file = join(folder, `${shard.replace("/", "-")}.ndjson.gz`);
  const flags = `--target ${deployment.url} ${LOAD} --drain 2 --shard ${shard}`.split(" ");
  const { exitCode, stderr } = await sseLab("loadgen", ...flags, "--file", file);
  expect(stderr).toContain("the instances share this host's clock");
  expect(exitCode).toBe(0);
  return file;
};

/** The run, and its sessions with the events that each is due. */
const merge = async (name: string, ...files: string[]) => {
  const [evidence, out] = [join(folder, `${name}-evidence`), join(folder, name)];
  await mkdir(join(evidence, "ledgers"), { recursive: true });
  for (const { path } of await deployment.ledgers())
    await cp(path, join(evidence, "ledgers", basename(path)));
  const { stdout } = await sseLab(
    "merge",
    ...files,
    "--evidence",
    evidence,
    "--out",
    out,
    "--json",
  );
  const planned: string[] = [];
  for await (const batch of readHistory(join(out, "history.ndjson.gz")))
    for (const one of batch)
      if (one.type === "planned") planned.push(`${one.session}: ${one.events}`);
  return { run: parseSummary(JSON.parse(stdout)).runs[0]!, planned: planned.sort() };
};

test("two load generators are judged as one, pair by pair as one that plays it all", async () => {
  const two = await merge("two", ...(await Promise.all(["1/2", "2/2"].map(play))));
  const one = await merge("one", await play("1/1"));
  expect(two.planned).toEqual(one.planned);
  expect(two.planned).toHaveLength(20);
  for (const { run } of [one, two]) {
    expect(run).toMatchObject({ due: 240, delivered: 240, lost: 0, duplicated: 0, unexpected: 0 });
    expect(run.reasons.join(" ")).not.toMatch(/ledger|clock/i);
  }
  expect(two.run.reasons).toContain("Merged from 2 shards (1-2.ndjson.gz, 2-2.ndjson.gz).");
});
