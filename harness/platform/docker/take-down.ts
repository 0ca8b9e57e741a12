/** Removes a stack from the engine, from Pulumi's state, from the disk, and last its record. */
import { dirname } from "node:path";
import type Dockerode from "dockerode";
import type { StackRecord } from "../../../infra/stack/stack-args.ts";
import { stackRecords } from "../../../infra/stack/stack-record.ts";
import { removePaths } from "../../../common/files/remove-paths.ts";
import { pulumiStack } from "./pulumi/pulumi-stack.ts";
import { describeRemoved, listOwn, removeByLabel } from "./remove-by-label.ts";

export interface TakeDownOptions {
  /**
   * `destroy`: by Pulumi, then the rest by label. `sweep`: by label only, for a killed command,
   * whose state may be incomplete. Needs no passphrase.
   */
  how: "destroy" | "sweep";
  /** How long to wait for a Pulumi that outlived its command, ms. */
  lockWaitMs?: number;
  onStep?: ((step: string) => void) | undefined;
  /** Called once no process changes the stack. False: leave it alone. */
  isStillOurs?: () => Promise<boolean>;
}

/** After a kill of its command, Pulumi still runs for a while. */
export const ORPHAN_WAIT_MS = 30_000;

const killServers = async (docker: Dockerode, stack: string): Promise<void> => {
  // Ledgers are written record by record, so that a drain would save nothing.
  const { containers } = await listOwn(docker, stack);
  await Promise.all(
    containers
      .filter(({ State }) => State === "running")
      .map(({ Id }) =>
        docker
          .getContainer(Id)
          .kill()
          .catch(() => undefined),
      ),
  );
};

/**
 * Resolves with a description of what the engine had of it, or undefined if it was left alone.
 *
 * @throws if something could not be removed; its record stays, and the next command tries again
 */
export const takeDown = async (
  { docker, host }: { docker: Dockerode; host: string },
  record: Pick<StackRecord, "stack" | "ledgerDir">,
  { how, lockWaitMs = ORPHAN_WAIT_MS, onStep, isStillOurs }: TakeDownOptions,
): Promise<string | undefined> => {
  const { stack, ledgerDir } = record;
  const pulumi = pulumiStack(stack, host);
  const before = await listOwn(docker, stack);
  if (how === "destroy") {
    try {
      await killServers(docker, stack);
      await pulumi.destroy({ lockWaitMs, onStep });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      onStep?.(`pulumi destroy failed (${reason}); removing ${stack} by its labels`);
    }
  }
  // First, because a Pulumi that still runs would continue to create.
  await pulumi.releaseLocks({ lockWaitMs, onStep });
  if (isStillOurs && !(await isStillOurs())) return undefined;
  await removeByLabel(docker, stack);
  await pulumi.forget({ lockWaitMs, onStep });
  if (ledgerDir !== undefined) await removePaths(dirname(ledgerDir), [ledgerDir]);
  stackRecords().remove(stack);
  const { containers, networks, volumes } = before;
  return (
    describeRemoved({
      containers: containers.length,
      networks: networks.length,
      volumes: volumes.length,
    }) || "only its record was left"
  );
};
