/**
 * The program that `pulumi up -s phase1` runs. Its exports are the stack's outputs, in the shape of
 * `StackOutputs`.
 */
import * as pulumi from "@pulumi/pulumi";
import { backendWarning } from "./pulumi-cli/backend-warning.ts";
import { cliStackArgs } from "./pulumi-cli/cli-stack.ts";
import { dockerEndpoint } from "../common/docker-endpoint.ts";
import { connectDocker } from "./engine/docker-client.ts";
import { prepareImages } from "./images/prepare-images.ts";
import { stackImages } from "./images/stack-images.ts";
import { readStackConfig } from "./pulumi-cli/stack-config.ts";
import { stackProgram } from "./program.ts";
import type { StackArgs } from "./stack/stack-args.ts";

/** Replaces the line before it: of many steps, only the last one stays on the terminal. */
const showProgress = (step: string): void => void pulumi.log.info(step, undefined, undefined, true);

const readArgs = async (): Promise<StackArgs> => {
  try {
    const warning = backendWarning();
    if (warning !== undefined) await pulumi.log.warn(warning);
    return await cliStackArgs({
      stack: pulumi.getStack(),
      config: readStackConfig(pulumi.runtime.allConfig(), pulumi.getProject()),
      dryRun: pulumi.runtime.isDryRun(),
      // An engine that the harness does not use, for example of another host, has no id here.
      engineId: (await connectDocker().catch(() => undefined))?.engineId,
      prepareImages: async (topology, realtime) => {
        const why = pulumi.runtime.isDryRun() ? "; a preview needs their ids" : "";
        const step = `preparing the images of ${topology.name} (minutes the first time${why})`;
        await pulumi.log.info(step);
        const prepared = await prepareImages({
          topologies: [topology],
          ...(realtime ? { realtime } : {}),
          onStep: showProgress,
        });
        return stackImages(topology, prepared);
      },
    });
  } catch (error) {
    // What is refused is said in its own words: of this kind of error Pulumi shows no stack trace.
    throw new pulumi.RunError(error instanceof Error ? error.message : String(error));
  }
};

const args = await readArgs();
const outputs = await stackProgram(args, { dockerHost: (await dockerEndpoint()).host })();

export const { topology, url, dashboardUrl, revision, router, broker, realtime, instances } =
  outputs;
