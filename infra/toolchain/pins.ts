/**
 * What the lab takes when the host has none of its own, and which versions of the host's own will
 * do.
 */
import { join } from "node:path";
import { cacheRoot } from "../../common/files/download-cache.ts";
import { fromRoot } from "../../common/paths.ts";

export interface GoBinary {
  /** For people. */
  title: string;
  /** Prefix of its folder in the cache. */
  name: string;
  version: string;
  /** Name of the binary. */
  file: string;
  /** The Go module with go.mod and go.sum. */
  source: string;
  /** Arguments of `go build` but for the output. */
  args: readonly string[];
}

export interface PulumiArtifact {
  /** For people. */
  title: string;
  /** Environment variable with the path of the binary to take. */
  setting: string;
  /** Name looked for on PATH. */
  command: string;
  /** Range of versions (npm's notation) that will do. */
  accepted: string;
  built: GoBinary;
}

/** Folder of all artifacts of the toolchain in the cache. */
export const toolchainFolder = (env: NodeJS.ProcessEnv): string => join(cacheRoot(env), "pulumi");

const sourceFolder = (name: string): string => `${fromRoot("infra/offline", name)}/`;

const CLI_VERSION = "3.259.0";
/**
 * Of @pulumi/docker in package.json: the plugin of this version is what the program asks Pulumi
 * for.
 */
const PLUGIN_VERSION = "5.2.0";

export const PULUMI_CLI: PulumiArtifact = {
  title: "the Pulumi CLI",
  setting: "SSE_LAB_PULUMI",
  command: "pulumi",
  // Up to 3.205.0 events come through a file that is read with a delay; hooks of resources are
  // older than that. The Automation API refuses another major version.
  accepted: ">=3.206.0 <4.0.0",
  built: {
    title: `the Pulumi CLI ${CLI_VERSION}`,
    name: "cli",
    version: CLI_VERSION,
    file: "pulumi",
    source: sourceFolder("pulumi"),
    args: [
      // Without it the binary calls itself a development version, and the Automation API refuses
      // that.
      `-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${CLI_VERSION}`,
      "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    ],
  },
};

export const DOCKER_PLUGIN: PulumiArtifact = {
  title: "Pulumi's Docker plugin",
  setting: "SSE_LAB_PULUMI_DOCKER_PLUGIN",
  command: "pulumi-resource-docker",
  accepted: `>=${PLUGIN_VERSION} <6.0.0`,
  built: {
    title: `Pulumi's Docker plugin ${PLUGIN_VERSION}`,
    name: "docker-plugin",
    version: PLUGIN_VERSION,
    file: "pulumi-resource-docker",
    source: sourceFolder("docker-provider"),
    args: ["-tags=no_compose", `-ldflags=-s -w -X main.version=${PLUGIN_VERSION}`, "."],
  },
};

/** Name of the plugin's folder in Pulumi's plugin cache. */
export const PLUGIN_FOLDER = `resource-docker-v${PLUGIN_VERSION}`;
/** Name of the Node.js language host, which the ordinary `pulumi up` needs beside the CLI. */
export const LANGUAGE_HOST = "pulumi-language-nodejs";
/** Where both official downloads come from. */
export const OFFICIAL_HOST = "get.pulumi.com";
