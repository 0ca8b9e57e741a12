/** A folder for the deployments of one test file, and an independent view of what still runs. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TOPOLOGIES, type TopologyName } from "../../../../infra/topologies.ts";
import type { InstanceObservation } from "../../../history/observation.ts";
import type { UpOptions } from "../../platform.ts";
import { bringUp } from "../bring-up.ts";
import type { LocalDeployment } from "../local-deployment.ts";
import { localDependencies, type LocalDependencies } from "../local-dependencies.ts";

export interface TestLab {
  folder: string;
  stateDir: string;
  /** What the platform reported of instances, in order: `server-1 ready`. */
  reports: string[];
  steps: string[];
  workDir: (name: string) => string;
  up: (
    topology: TopologyName,
    options?: Partial<UpOptions>,
    parts?: Partial<LocalDependencies>,
  ) => Promise<LocalDeployment>;
  stateFiles: () => string[];
  /** Takes everything down that `up` brought up, and removes the folder. */
  close: () => Promise<void>;
}

export const createTestLab = (): TestLab => {
  const folder = mkdtempSync(join(tmpdir(), "sse-lab-platform-test-"));
  const stateDir = join(folder, "state");
  const deployments: LocalDeployment[] = [];
  const reports: string[] = [];
  const steps: string[] = [];
  let number = 0;
  const onInstance = (instance: string, state: InstanceObservation["state"]): void => {
    reports.push(`${instance} ${state}`);
  };
  return {
    folder,
    stateDir,
    reports,
    steps,
    workDir: (name) => join(folder, name),
    up: async (name, options = {}, parts = {}) => {
      const topology = TOPOLOGIES.find((one) => one.name === name);
      if (!topology) throw new Error(`no topology ${name}`);
      number += 1;
      const workDir = join(folder, `work-${number}`);
      const onStep = (step: string): void => void steps.push(step);
      const deployment = await bringUp(
        {
          topology,
          replicas: topology.replicas,
          redis: "up",
          workDir,
          onInstance,
          onStep,
          ...options,
        },
        { ...localDependencies, stateDir, ...parts },
      );
      deployments.push(deployment);
      return deployment;
    },
    stateFiles: () => (existsSync(stateDir) ? readdirSync(stateDir) : []),
    close: async () => {
      await Promise.all(deployments.map((deployment) => deployment.down()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const allCommandLines = (): string[] => {
  if (process.platform !== "linux") {
    return execFileSync("ps", ["-axww", "-o", "pid=,args="], { encoding: "utf8" }).split("\n");
  }
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        // Valkey replaces its command line by a title; its working directory still tells.
        return [`${pid} ${args} ${readlinkSync(`/proc/${pid}/cwd`)}/`];
      } catch {
        return [];
      }
    });
};

/**
 * Command lines of all processes that work with the folder: servers, router, broker, reaper. Reads
 * the process table, and no record of the product.
 */
export const processesOf = (folder: string): string[] =>
  allCommandLines().filter((line) => line.includes(`${folder}/`));
