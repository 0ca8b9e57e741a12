/** Opens a stack for the Automation API: its folder, settings and environment. */
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { resolvePulumi } from "../../../../infra/toolchain/resolve-pulumi.ts";
import {
  backendUrl,
  passphrase,
  projectName,
  STATE_FOLDER,
  workspaceFolder,
} from "./pulumi-backend.ts";
import { makePrivateFolder } from "../../../../common/files/private-folder.ts";
import { PROJECT_ROOT } from "../../../../common/paths.ts";

/** Independent of the user's own Pulumi: no login, no selected stack, no other backend. */
const environment = (
  dockerHost: string,
  tools: Record<string, string>,
): Record<string, string> => ({
  ...tools,
  PULUMI_BACKEND_URL: backendUrl(),
  DOCKER_HOST: dockerHost,
  PULUMI_SKIP_UPDATE_CHECK: "true",
  // Pulumi keeps encrypted logs of operations, up to 500 MB by default.
  PULUMI_LOG_ROTATION_MAX_TOTAL_MB: "16",
  // Each `up` would add a copy of the whole state.
  PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true",
  ...passphrase(),
});

/** Each operation passes its own program. */
const NO_PROGRAM = (): Promise<void> => Promise.resolve();

/** Loads Pulumi, which takes a second, so call it only when needed. */
export const openWorkspace = async (
  stackName: string,
  dockerHost: string,
  how: "create" | "existing",
): Promise<Stack> => {
  const { LocalWorkspace, PulumiCommand } = await import("@pulumi/pulumi/automation/index.js");
  const tools = await resolvePulumi();
  const workDir = workspaceFolder(stackName);
  // Pulumi makes its own folders readable for all users, and its passphrase may be empty.
  makePrivateFolder(STATE_FOLDER);
  makePrivateFolder(workDir);
  // They hold the salt of the passphrase, so that the Pulumi CLI can read the same secrets.
  const settings = `Pulumi.${stackName}.yaml`;
  await copyFile(join(PROJECT_ROOT, settings), join(workDir, settings)).catch(() => undefined);
  const name = await projectName();
  const args = { stackName, projectName: name, program: NO_PROGRAM };
  const options = {
    workDir,
    pulumiCommand: await PulumiCommand.get({ root: tools.root }),
    projectSettings: { name, runtime: "nodejs" as const, backend: { url: backendUrl() } },
    envVars: environment(dockerHost, tools.env),
  };
  return how === "create"
    ? LocalWorkspace.createOrSelectStack(args, options)
    : LocalWorkspace.selectStack(args, options);
};

const CONTAINER_TYPE = "docker:index/container:Container";

/**
 * Adds a hook after the creation of each container to a program. The resources stay the same, so
 * that only the order in time changes.
 */
export const withHook = async <T>(
  program: () => Promise<T>,
  afterCreate: (name: string) => Promise<void>,
): Promise<() => Promise<T>> => {
  const { mergeOptions, ResourceHook, runtime } = await import("@pulumi/pulumi");
  return () => {
    const hook = new ResourceHook("after-create", ({ name }) => afterCreate(name));
    runtime.registerStackTransformation(({ type, props, opts }) =>
      type === CONTAINER_TYPE
        ? { props, opts: mergeOptions(opts, { hooks: { afterCreate: [hook] } }) }
        : undefined,
    );
    return program();
  };
};
