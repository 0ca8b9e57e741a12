/** The stack of `pulumi up -s NAME`: the same one that `make NAME` brings up. */
import { CHECKOUT_LABEL, checkoutLabels } from "../stack/checkout-label.ts";
import { checkStackArgs } from "../stack/check-stack-args.ts";
import { makeLedgerFolder } from "../stack/ledger-folder.ts";
import { newStackRecord, portsForReplicas } from "../stack/new-stack-record.ts";
import { recordArgs, topologyNamed } from "../stack/record-args.ts";
import type { StackArgs, StackImages, StackRecord } from "../stack/stack-args.ts";
import { stackRecords } from "../stack/stack-record.ts";
import type { Topology } from "../topologies.ts";
import { hasBroker } from "../realtime/stack-realtime.ts";
import type { RealtimeSettings } from "../realtime/realtime-settings.ts";
import { goOnWithRealtime, portsForRealtime, realtimeSettings } from "./realtime-config.ts";
import { type StackConfig } from "./stack-config.ts";
import { checkoutId, describeCheckout } from "../../common/checkout-identity.ts";
import { UserError } from "../../common/user-error.ts";
import { belongsToAnother, thisOwner } from "../../common/processes/owner.ts";

export interface CliStack {
  stack: string;
  config: StackConfig;
  /** True for `pulumi preview` and for the preview of `up`: nothing is written. */
  dryRun: boolean;
  prepareImages: (topology: Topology, realtime?: RealtimeSettings) => Promise<StackImages>;
  /** Id of the engine. Undefined if it has no fixed one. */
  engineId?: string | undefined;
  /** Folder of the records. Default: the project's. */
  recordsDir?: string | undefined;
}

const refuseOther = (
  record: StackRecord,
  { config, engineId }: Pick<CliStack, "config" | "engineId">,
): void => {
  if (record.topology !== config.topology) {
    throw new UserError(
      `stack "${record.stack}" is up as ${record.topology}, its configuration says ` +
        `${config.topology}: ` +
        "take it down first (make down), or give this one another name",
    );
  }
  const checkout = record.labels[CHECKOUT_LABEL] ?? "without an id";
  if (checkout !== checkoutId()) {
    throw new UserError(
      `stack "${record.stack}" belongs to ${describeCheckout(checkout)}`,
      "run the command there, or give this one another name",
    );
  }
  if (record.engine !== undefined && engineId !== undefined && record.engine !== engineId) {
    throw new UserError(
      `stack "${record.stack}" is up on another Docker engine (${record.engine})`,
      "point DOCKER_HOST (or docker context use) at it, or give this one another name",
    );
  }
  if (!record.kept) {
    throw new UserError(
      `stack "${record.stack}" belongs to a command of the lab (process ${record.owner.pid}): ` +
        "wait for its end, or give this one another name; " +
        "sse-lab down removes what a dead command left",
    );
  }
  if (belongsToAnother(record.owner)) {
    throw new UserError(
      `stack "${record.stack}" is being changed by process ${record.owner.pid}: ` +
        "wait for it or end it, then run the command again",
    );
  }
};

/**
 * Images that the configuration names replace prepared ones. If it names all, nothing is prepared.
 */
const imagesOf = async (
  { serverImage, routerImage, brokerImage }: StackConfig,
  topology: Topology,
  realtime: RealtimeSettings | undefined,
  prepare: CliStack["prepareImages"],
): Promise<StackImages> => {
  const needsBroker = hasBroker(topology.broadcaster, realtime);
  const needsRealtime = realtime !== undefined && realtime.hosted === undefined;
  const broker = brokerImage ? { broker: brokerImage } : {};
  if (serverImage && routerImage && (brokerImage || !needsBroker) && !needsRealtime) {
    return { server: serverImage, router: routerImage, ...broker };
  }
  const prepared = await prepare(topology, realtime);
  return {
    ...prepared,
    ...(serverImage ? { server: serverImage } : {}),
    ...(routerImage ? { router: routerImage } : {}),
    ...broker,
  };
};

/**
 * Continues a recorded stack; whatever the configuration leaves out stays as recorded. This process
 * owns the stack while it runs, so that no other command takes it for a leftover while its
 * containers are replaced.
 */
const goOn = async (
  record: StackRecord,
  config: StackConfig,
  images: StackImages,
): Promise<StackRecord> => {
  const replicas = config.replicas ?? record.replicas;
  const { realtime: before, ...others } = record;
  const realtime = await goOnWithRealtime(config, topologyNamed(config.topology), images, before);
  return {
    ...others,
    ...(realtime === undefined ? {} : { realtime }),
    owner: thisOwner(),
    images,
    replicas,
    ports: await portsForRealtime(await portsForReplicas(record.ports, replicas), realtime),
    revision: config.revision ?? record.revision,
    graceS: config.graceS ?? record.graceS,
    redis: config.redis ?? record.redis,
  };
};

/**
 * Reads the stack's record or makes one, applies the configuration, and writes it before anything
 * is created.
 *
 * @throws UserError for a configuration or a record that is invalid
 */
export const cliStackArgs = async (given: CliStack): Promise<StackArgs> => {
  const { stack, config, dryRun, prepareImages, recordsDir } = given;
  const topology = topologyNamed(config.topology);
  const records = stackRecords(recordsDir);
  const readRecord = (): StackRecord | undefined => {
    const found = records.read(stack);
    if (found) refuseOther(found, given);
    return found;
  };
  const realtime = realtimeSettings(config, topology, readRecord()?.realtime);
  const images = await imagesOf(config, topology, realtime, prepareImages);
  const settle = async (): Promise<StackArgs> => {
    // Read again: images can take minutes, and another command may have taken the stack's name.
    const recorded = readRecord();
    const record = recorded
      ? await goOn(recorded, config, images)
      : await newStackRecord({
          stack,
          topology,
          images,
          labels: checkoutLabels(),
          kept: true,
          owner: thisOwner(),
          engine: given.engineId,
          replicas: config.replicas,
          revision: config.revision,
          graceS: config.graceS,
          redis: config.redis,
          realtime,
          realtimeJwtSecret: config.realtimeJwtSecret,
        });
    const args = recordArgs(record);
    checkStackArgs(args);
    if (!dryRun) {
      records.write(record);
      if (args.ledgerDir !== undefined) makeLedgerFolder(args.ledgerDir);
    }
    return args;
  };
  return dryRun ? settle() : records.locked(stack, settle);
};
