/** Removes a stack: from the engine, from Pulumi's state, from the disk, and last of all its record. */
import { dirname } from "node:path";
import type Dockerode from "dockerode";
import type { StackRecord } from "../../../infra/stack/stack-args.ts";
import { stackRecords } from "../../../infra/stack/stack-record.ts";
import { removePaths } from "../../../common/remove-paths.ts";
import { pulumiStack } from "./pulumi/pulumi-stack.ts";
import { describeRemoved, listOwn, removeByLabel } from "./remove-by-label.ts";

export interface TakeDownOptions {
  /**
   * `destroy`: by Pulumi, then by label what it left. `sweep`: by label alone, for what a dead command left: its state may know less
   * than there is, and its passphrase is not needed.
   */
  how: "destroy" | "sweep";
  /** How long to wait for a Pulumi that outlived its command, ms. */
  lockWaitMs?: number;
  onStep?: ((step: string) => void) | undefined;
  /** Asked when nobody changes the stack any more; false: it is left alone. */
  isStillOurs?: () => Promise<boolean>;
}

/** Pulumi ends a moment after the command that started it. */
export const ORPHAN_WAIT_MS = 30_000;

const killServers = async (docker: Dockerode, stack: string): Promise<void> => {
  // Ledgers are written record by record and survive a kill; nothing else of theirs is worth the wait for their drain.
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
 * @returns what there was of it in the engine, for people; undefined where it was left alone
 * @throws what kept it from being removed whole; its record stays then, and the next command tries again
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
      onStep?.(`pulumi destroy did not do it (${reason}); removing ${stack} by its labels`);
    }
  }
  // Before the engine is asked: a Pulumi that still runs would go on creating.
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
    }) || "nothing of it was left but its record"
  );
};
