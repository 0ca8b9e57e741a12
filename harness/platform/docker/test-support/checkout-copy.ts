/** A copy of this checkout, with its own stacks, records and labels. */
import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { currentBundle } from "../../../../common/bundle/current-bundle.mjs";
import { PROGRAMS } from "../../../../common/bundle/programs.mjs";
import { checkoutId } from "../../../../common/checkout-identity.ts";
import { CHECKOUT_LABEL } from "../../../../infra/stack/checkout-label.ts";
import { connectDocker } from "../../../../infra/engine/docker-client.ts";
import type { CommandAnswer, CommandName } from "./harness-command.ts";
import { PROJECT_ROOT } from "../../../../common/paths.ts";

export interface RunningCommand {
  process: ChildProcess;
  /** The steps that it has reported so far. */
  steps: string[];
  /** Resolves once it has reported such a step; rejects if it ends before. */
  said(line: RegExp): Promise<void>;
  /** Rejects if it ends without an answer. */
  answer: Promise<CommandAnswer>;
}

export interface CheckoutCopy {
  folder: string;
  /** The program of {@link run}, from the folder. */
  command: string;
  run(command: CommandName, args?: readonly string[], env?: Record<string, string>): RunningCommand;
  /** Names of all that is in the engine or on record. */
  left(): Promise<string[]>;
  remove(): Promise<void>;
}

const COMMAND = "harness-command";
const PROGRAM = `harness/platform/docker/test-support/${COMMAND}.ts`;

const COPIED = [
  "common",
  "infra",
  "harness",
  "loadtests",
  "server",
  "standins",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];

export const copyCheckout = async (): Promise<CheckoutCopy> => {
  const folder = mkdtempSync(join(tmpdir(), "sse-lab-checkout-"));
  const settings = readdirSync(PROJECT_ROOT).filter((name) => /^Pulumi\..*yaml$/.test(name));
  for (const name of [...COPIED, ...settings]) {
    cpSync(join(PROJECT_ROOT, name), join(folder, name), {
      recursive: true,
      // Leaves the state of this checkout's stacks behind.
      filter: (path) => !/infra\/state\/./.test(path) || path.endsWith(".gitignore"),
    });
  }
  symlinkSync(join(PROJECT_ROOT, "node_modules"), join(folder, "node_modules"));
  // Its commands start as the lab's do: from a bundle, which takes a fifth of the time.
  const bundle = await currentBundle(folder, { ...PROGRAMS, [COMMAND]: PROGRAM });
  return checkoutAt(folder, relative(folder, join(bundle, `${COMMAND}.js`)));
};

/**
 * A checkout that is there, for example a copy of a copy.
 *
 * @param command as {@link CheckoutCopy.command} of the first one
 */
export const checkoutAt = (folder: string, command: string): CheckoutCopy => {
  const running: RunningCommand[] = [];

  const run: CheckoutCopy["run"] = (name, args = [], env = {}) => {
    const child = spawn(process.execPath, [command, name, ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const steps: string[] = [];
    const listeners = new Set<() => void>();
    const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const answer = new Promise<CommandAnswer>((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const said = JSON.parse(line) as { step: string } | { answer: CommandAnswer };
        if ("answer" in said) resolve(said.answer);
        else {
          steps.push(said.step);
          for (const listener of [...listeners]) listener();
        }
      });
      void exited.then(() =>
        reject(new Error(`${name} ended without an answer; it said: ${steps.join("; ")}`)),
      );
    });
    answer.catch(() => undefined);
    const said = (line: RegExp): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!steps.some((step) => line.test(step))) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
        void exited.then(() =>
          reject(new Error(`${name} ended before it said ${String(line)}: ${steps.join("; ")}`)),
        );
      });
    const one = { process: child, steps, said, answer };
    running.push(one);
    return one;
  };

  return {
    folder,
    command,
    run,
    left: async () => {
      const { docker } = await connectDocker();
      const filters = { label: [`${CHECKOUT_LABEL}=${checkoutId(folder)}`] };
      const [containers, networks, volumes] = await Promise.all([
        docker.listContainers({ all: true, filters }),
        docker.listNetworks({ filters }),
        docker.listVolumes({ filters }),
      ]);
      const files = [
        "infra/state/stacks",
        "infra/state/workspaces",
        "infra/state/.pulumi/stacks",
        "infra/state/.pulumi/locks",
      ];
      return [
        ...containers.map(({ Names }) => `container ${Names.join()}`),
        ...networks.map(({ Name }) => `network ${Name}`),
        ...volumes.Volumes.map(({ Name }) => `volume ${Name}`),
        ...files.flatMap((name) => filesBelow(join(folder, name))),
      ];
    },
    remove: async () => {
      for (const one of running) one.process.kill("SIGKILL");
      await run("down").answer;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const filesBelow = (folder: string): string[] => {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `file ${join(entry.parentPath, entry.name)}`);
  } catch {
    return [];
  }
};
