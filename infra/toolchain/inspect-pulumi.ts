/** Says which way `resolvePulumi` would take. */
import { lookup } from "node:dns/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { goFor } from "../offline/go-build.ts";
import {
  locateCli,
  locatePlugin,
  type LocatedArtifact,
  type ArtifactSource,
} from "./locate-pulumi.ts";
import { DOCKER_PLUGIN, OFFICIAL_HOST, PULUMI_CLI, type PulumiArtifact } from "./pins.ts";
import { UserError } from "../../common/user-error.ts";

export interface PulumiInspection {
  status: "ok" | "will-fetch" | "will-build" | "missing";
  detail: string;
  fix?: string;
}

const LOOKUP_MS = 3000;

const SOURCES: Readonly<Record<ArtifactSource, (artifact: PulumiArtifact) => string>> = {
  setting: (artifact) => `by ${artifact.setting}`,
  path: () => "on PATH",
  installed: () => "in Pulumi's plugin cache",
  official: () => "Pulumi's own release, in the lab's cache",
  built: () => "built from infra/offline, in the lab's cache",
};

/**
 * Can Pulumi's downloads be expected to work? A name that resolves, or a proxy that resolves it, is
 * all that is looked at.
 */
const mayDownload = async (env: NodeJS.ProcessEnv): Promise<boolean> => {
  if (env["HTTPS_PROXY"] || env["https_proxy"]) return true;
  const resolved = lookup(OFFICIAL_HOST).then(
    () => true,
    () => false,
  );
  return Promise.race([resolved, sleep(LOOKUP_MS, false, { ref: false })]);
};

const inspectArtifact = async (
  artifact: PulumiArtifact,
  { found, passedOver }: LocatedArtifact<ArtifactSource>,
  env: NodeJS.ProcessEnv,
): Promise<PulumiInspection> => {
  const besides = passedOver === undefined ? "" : ` (passed over: ${passedOver})`;
  if (found) {
    const where = `${SOURCES[found.source](artifact)}: ${found.path}`;
    return { status: "ok", detail: `${artifact.title} ${found.version}, ${where}${besides}` };
  }
  const go = await goFor(artifact.built, env);
  if (await mayDownload(env)) {
    const otherwise =
      go.problem === undefined ? `, or built with Go ${go.version ?? ""} if that fails` : "";
    const detail = `${artifact.built.title} will be downloaded from ${OFFICIAL_HOST}${otherwise}${besides}`;
    return { status: "will-fetch", detail };
  }
  if (go.problem === undefined) {
    const detail =
      `${artifact.built.title} will be built from infra/offline with Go ` +
      `${go.version ?? ""} (once, minutes): ` +
      `${OFFICIAL_HOST} cannot be reached${besides}`;
    return { status: "will-build", detail };
  }
  return {
    status: "missing",
    detail:
      `${artifact.title} is not there, ${OFFICIAL_HOST} cannot be reached, and ` +
      `${go.problem}${besides}`,
    fix:
      `put ${artifact.command} (${artifact.accepted}) on PATH, or set ${artifact.setting} ` +
      "to its path, " +
      `or put Go ${go.needed} or newer on PATH`,
  };
};

const ORDER = ["ok", "will-fetch", "will-build", "missing"] as const;

/**
 * Looks at both artifacts, and fetches, builds and changes nothing. `status` is that of the worse
 * of the two.
 */
export const inspectPulumi = async (
  env: NodeJS.ProcessEnv = process.env,
): Promise<PulumiInspection> => {
  const inspect = async (
    artifact: PulumiArtifact,
    locate: (env: NodeJS.ProcessEnv) => Promise<LocatedArtifact<ArtifactSource>>,
  ): Promise<PulumiInspection> => {
    try {
      return await inspectArtifact(artifact, await locate(env), env);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { status: "missing", detail: error.problem, fix: error.fix ?? "" };
    }
  };
  const artifacts = await Promise.all([
    inspect(PULUMI_CLI, locateCli),
    inspect(DOCKER_PLUGIN, locatePlugin),
  ]);
  const fixes = artifacts.flatMap(({ fix }) => (fix === undefined ? [] : [fix]));
  return {
    status:
      ORDER.findLast((status) => artifacts.some((artifact) => artifact.status === status)) ?? "ok",
    detail: artifacts.map(({ detail }) => detail).join("; "),
    ...(fixes.length === 0 ? {} : { fix: fixes.join("; ") }),
  };
};
