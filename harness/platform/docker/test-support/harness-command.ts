/** Runs one command that a test can kill. Prints its steps and its answer as lines of JSON. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { TOPOLOGIES } from "../../../../infra/topologies.ts";
import type { RunningDeployment, SweepReport } from "../../platform.ts";
import { dockerPlatform } from "../docker-platform.ts";
import { PROJECT_ROOT } from "../../../../common/paths.ts";

/** `up`: owns the stack until the process ends. `keep`: detaches it and ends. */
export type CommandName = "up" | "keep" | "deploy" | "running" | "sweep" | "down";

export type CommandAnswer =
  | { up: { id: string; url: string; workDir: string } }
  | { running: RunningDeployment[] }
  | { report: SweepReport }
  | { deployed: string[] }
  | { error: string };

const write = (line: { step: string } | { answer: CommandAnswer }): void =>
  void process.stdout.write(`${JSON.stringify(line)}\n`);
const onStep = (step: string): void => write({ step });

const up = async (keep: boolean, topologyName: string, name?: string): Promise<CommandAnswer> => {
  const topology = TOPOLOGIES.find((one) => one.name === topologyName);
  if (!topology) throw new Error(`no topology ${topologyName}`);
  const workDir = join(mkdtempSync(join(PROJECT_ROOT, "work-")), "deployment");
  const deployment = await dockerPlatform.up({
    topology,
    replicas: topology.replicas,
    redis: "up",
    workDir,
    ...(name === undefined ? {} : { name }),
    onStep,
  });
  const { id, url } = deployment;
  if (keep) await deployment.detach();
  else setInterval(() => undefined, 60_000);
  return { up: { id, url, workDir } };
};

const deploy = async (id: string): Promise<CommandAnswer> => {
  const told: string[] = [];
  const deployment = await dockerPlatform.attach(id, { onStep });
  try {
    await deployment.control.deploy({
      strategy: "recreate",
      graceMs: 0,
      onReplace: (instance, state) => told.push(`${instance} ${state}`),
    });
  } finally {
    await deployment.detach();
  }
  return { deployed: told };
};

const answerTo = async (command: CommandName, args: readonly string[]): Promise<CommandAnswer> => {
  const [first = "", second] = args;
  switch (command) {
    case "up":
    case "keep":
      return up(command === "keep", first, second);
    case "deploy":
      return deploy(first);
    case "running":
      return { running: await dockerPlatform.findRunning() };
    case "sweep":
      return { report: await dockerPlatform.sweepLeftovers() };
    case "down":
      return { report: await dockerPlatform.downAll(onStep) };
  }
};

const [command = "", ...args] = process.argv.slice(2);
try {
  write({ answer: await answerTo(command as CommandName, args) });
} catch (error) {
  write({ answer: { error: error instanceof Error ? error.message : String(error) } });
}
