/** Where Pulumi stores the stacks: a folder of this project, or the backend that the user sets. */
import { existsSync } from "node:fs";
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { FILE, fileBackendFolder } from "../../../../infra/pulumi-cli/file-backend.ts";
import { UserError } from "../../../../common/user-error.ts";
import { PROJECT_ROOT } from "../../../../common/paths.ts";

export const BACKEND_SETTING = "SSE_LAB_PULUMI_BACKEND";
export const PASSPHRASE_SETTING = "SSE_LAB_PULUMI_PASSPHRASE";
export const STATE_FOLDER = join(PROJECT_ROOT, "infra", "state");

/** @throws UserError for a folder with a relative path, and for one that Pulumi reads as another */
export const backendUrl = (env: NodeJS.ProcessEnv = process.env): string => {
  const url = env[BACKEND_SETTING] || pathToFileURL(STATE_FOLDER).href;
  if (url.startsWith(FILE) && !url.startsWith("file:///")) {
    throw new UserError(
      `${BACKEND_SETTING}=${url} is not an absolute path`,
      "give it as file:///absolute/path/of/a/folder",
    );
  }
  if (url.startsWith(FILE) && /#|%(?![\dA-F]{2})/i.test(url)) {
    throw new UserError(
      `${BACKEND_SETTING}=${url} holds a # or % that is not encoded`,
      "write %23 for # and %25 for %",
    );
  }
  return url;
};

/**
 * The passphrase of a state, as environment of Pulumi. The default backend has an empty one, and
 * ignores the passphrase that the user has set for other projects.
 */
export const passphrase = (env: NodeJS.ProcessEnv = process.env): Record<string, string> => {
  const own = env[PASSPHRASE_SETTING];
  if (own !== undefined) return { PULUMI_CONFIG_PASSPHRASE: own };
  const isUsers = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"].some(
    (name) => env[name] !== undefined,
  );
  return env[BACKEND_SETTING] && isUsers ? {} : { PULUMI_CONFIG_PASSPHRASE: "" };
};

/** Folder of a file backend, or undefined for any other. */
export const backendFolder = (env: NodeJS.ProcessEnv = process.env): string | undefined => {
  const url = backendUrl(env);
  return url.startsWith(FILE) ? join(fileBackendFolder(url), ".pulumi") : undefined;
};

/** Name of the project, as the ordinary CLI reads it: both doors then see the same stacks. */
export const projectName = async (): Promise<string> => {
  const settings = parse(await readFile(join(PROJECT_ROOT, "Pulumi.yaml"), "utf8")) as {
    name: string;
  };
  return settings.name;
};

/** Folder of a stack's Pulumi settings; made and removed with the stack. */
export const workspaceFolder = (stack: string): string => join(STATE_FOLDER, "workspaces", stack);

/** Folder of a stack's locks in a file backend. */
export const lockFolder = (backend: string, project: string, stack: string): string =>
  join(backend, "locks", "organization", project, stack);

/** Is a stack of this name in the file backend? */
export const isInFileBackend = (backend: string, project: string, stack: string): boolean =>
  existsSync(join(backend, "stacks", project, `${stack}.json`));

/** The operations in a stack's state that started and never ended. */
export interface Pending {
  pending_operations?: { type: string; resource: { urn: string } }[] | undefined;
}

const checkpointSchema = z.object({
  checkpoint: z.object({
    latest: z
      .object({
        pending_operations: z
          .array(z.object({ type: z.string(), resource: z.object({ urn: z.string() }) }))
          .optional(),
      })
      .nullish(),
  }),
});

/** State of a stack in a file backend, undefined when it has none. */
export const readCheckpoint = async (
  backend: string,
  project: string,
  stack: string,
): Promise<Pending | undefined> => {
  if (!isInFileBackend(backend, project, stack)) return undefined;
  const text = await readFile(join(backend, "stacks", project, `${stack}.json`), "utf8");
  return checkpointSchema.parse(JSON.parse(text)).checkpoint.latest ?? undefined;
};

/**
 * Removes what Pulumi leaves of a removed stack in a file backend: backups and an empty history.
 * `whole`: also the stack, if Pulumi is not installed or cannot read the state.
 */
export const removeFromFileBackend = async (
  backend: string,
  project: string,
  stack: string,
  whole: boolean,
): Promise<void> => {
  for (const kind of ["backups", "history"]) {
    await rm(join(backend, kind, project, stack), { recursive: true, force: true });
  }
  if (!whole) return;
  await rm(lockFolder(backend, project, stack), { recursive: true, force: true });
  const folder = join(backend, "stacks", project);
  const files = await readdir(folder).catch(() => []);
  // `phase1.json`, `phase1.json.bak`, `phase1.json.attrs`; never `phase1-header.json`.
  for (const file of files.filter((name) => name.startsWith(`${stack}.json`))) {
    await rm(join(folder, file), { force: true });
  }
};
