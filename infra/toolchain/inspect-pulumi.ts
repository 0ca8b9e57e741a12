/** Says which way `resolvePulumi` would take. */
import { lookup } from "node:dns/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { goFor } from "../offline/go-build.ts";
import { locateCli, locatePlugin, type LocatedArtifact, type ArtifactSource } from "./locate-pulumi.ts";
import { DOCKER_PLUGIN, OFFICIAL_HOST, PULUMI_CLI, type PulumiArtifact } from "./pins.ts";
import { UserError } from "../../common/user-error.ts";

export interface PulumiInspection {
  status: "ok" | "will-fetch" | "will-build" | "missing";
  detail: string;
  fix?: string;
}

const LOOKUP_MS = 3000;

const SOURCES: Readonly<Record<ArtifactSource, (part: PulumiArtifact) => string>> = {
  setting: (part) => `by ${part.setting}`,
  path: () => "on PATH",
  installed: () => "in Pulumi's plugin cache",
  official: () => "Pulumi's own release, in the lab's cache",
  built: () => "built from infra/offline, in the lab's cache",
};

/** Can Pulumi's downloads be expected to work? A name that resolves, or a proxy that resolves it, is all that is looked at. */
const mayDownload = async (env: NodeJS.ProcessEnv): Promise<boolean> => {
  if (env["HTTPS_PROXY"] || env["https_proxy"]) return true;
  const resolved = lookup(OFFICIAL_HOST).then(
    () => true,
    () => false,
  );
  return Promise.race([resolved, sleep(LOOKUP_MS, false, { ref: false })]);
};

const inspectArtifact = async (
  part: PulumiArtifact,
  { found, passedOver }: LocatedArtifact<ArtifactSource>,
  env: NodeJS.ProcessEnv,
): Promise<PulumiInspection> => {
  const besides = passedOver === undefined ? "" : ` (passed over: ${passedOver})`;
  if (found) {
    const where = `${SOURCES[found.source](part)}: ${found.path}`;
    return { status: "ok", detail: `${part.title} ${found.version}, ${where}${besides}` };
  }
  const go = await goFor(part.built, env);
  if (await mayDownload(env)) {
    const otherwise = go.problem === undefined ? `, or built with Go ${go.version ?? ""} if that fails` : "";
    const detail = `${part.built.title} will be downloaded from ${OFFICIAL_HOST}${otherwise}${besides}`;
    return { status: "will-fetch", detail };
  }
  if (go.problem === undefined) {
    const detail =
      `${part.built.title} will be built from infra/offline with Go ${go.version ?? ""} (once, minutes): ` +
      `${OFFICIAL_HOST} cannot be reached${besides}`;
    return { status: "will-build", detail };
  }
  return {
    status: "missing",
    detail: `${part.title} is not there, ${OFFICIAL_HOST} cannot be reached, and ${go.problem}${besides}`,
    fix:
      `put ${part.command} (${part.accepted}) on PATH, or set ${part.setting} to its path, ` +
      `or put Go ${go.needed} or newer on PATH`,
  };
};

const ORDER = ["ok", "will-fetch", "will-build", "missing"] as const;

/** Looks at both parts, and fetches, builds and changes nothing. `status` is that of the worse of the two. */
export const inspectPulumi = async (env: NodeJS.ProcessEnv = process.env): Promise<PulumiInspection> => {
  const inspect = async (
    part: PulumiArtifact,
    locate: (env: NodeJS.ProcessEnv) => Promise<LocatedArtifact<ArtifactSource>>,
  ): Promise<PulumiInspection> => {
    try {
      return await inspectArtifact(part, await locate(env), env);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { status: "missing", detail: error.problem, fix: error.fix ?? "" };
    }
  };
  const parts = await Promise.all([inspect(PULUMI_CLI, locateCli), inspect(DOCKER_PLUGIN, locatePlugin)]);
  const fixes = parts.flatMap(({ fix }) => (fix === undefined ? [] : [fix]));
  return {
    status: ORDER.findLast((status) => parts.some((part) => part.status === status)) ?? "ok",
    detail: parts.map(({ detail }) => detail).join("; "),
    ...(fixes.length === 0 ? {} : { fix: fixes.join("; ") }),
  };
};
