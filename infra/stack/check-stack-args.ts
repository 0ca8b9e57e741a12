/** Checks a stack's arguments before anything of the stack exists. */
import { isAbsolute } from "node:path";
import { hasBroker } from "../realtime/stack-realtime.ts";
import { realtimeProblems } from "../realtime/check-stack-realtime.ts";
import type { StackArgs } from "./stack-args.ts";
import { UserError } from "../../common/user-error.ts";

const MOST_REPLICAS = 10;
const LONGEST_GRACE_S = 600;
const SHORTEST_SECRET = 32;
/** A prefix of the names of containers, networks and volumes, and part of host names in URLs. */
const STACK_NAME = /^[a-z0-9][a-z0-9-]{0,47}$/;
const REVISION = /^[A-Za-z0-9._-]{1,64}$/;
const IMAGE = /^(?:[^\s@]+@)?sha256:[0-9a-f]{64}$/;
const OWN_LABEL = /^sse-lab\.(?:role|instance|revision|config)$/;

type Problems = (string | false | undefined)[];

const wholeNumber = (value: number, min: number, max: number): boolean =>
  Number.isInteger(value) && value >= min && value <= max;

const routing = ({ topology, replicas, redis, images, realtime }: StackArgs): Problems => {
  const { router, affinity, broadcaster } = topology;
  const needed: Record<typeof affinity, string | undefined> = {
    none: undefined,
    header: "haproxy",
    cookie: "traefik",
  };
  const neededRouter = needed[affinity];
  return [
    neededRouter !== undefined &&
      router !== neededRouter &&
      `affinity ${affinity} with router ${router}: ${router} cannot do it; use router ` +
        neededRouter,
    !wholeNumber(replicas, 1, MOST_REPLICAS) &&
      `replicas ${replicas}: out of range; give a whole number from 1 to ${MOST_REPLICAS}`,
    topology.replicas === 1 &&
      replicas !== 1 &&
      `replicas ${replicas}: ${topology.name} is a single instance; give 1, or another topology`,
    hasBroker(broadcaster, realtime) &&
      redis === "up" &&
      images.broker === undefined &&
      `images.broker is missing: ${topology.name} has a broker${realtime ? " with catchUp" : ""}; ` +
        "name its image, or bring it up with redis stopped",
  ];
};

const imageProblems = ({ images }: StackArgs): Problems =>
  Object.entries(images).map(
    ([part, image]) =>
      image !== undefined &&
      !IMAGE.test(image as string) &&
      `images.${part} ${JSON.stringify(image)}: not an image id or digest, and a tag can move; ` +
        `take the id from docker image inspect --format '{{.Id}}' ${image}`,
  );

const portProblems = ({ ports, replicas }: StackArgs): Problems => {
  const named = [
    ["ports.router", ports.router] as const,
    ["ports.dashboard", ports.dashboard] as const,
    ["ports.realtime", ports.realtime] as const,
    ...(ports.instances ?? []).map((port, index) => [`ports.instances[${index}]`, port] as const),
  ].flatMap(([name, port]) => (port === undefined ? [] : [{ name, port }]));
  const count = ports.instances?.length;
  return [
    count !== undefined &&
      count !== replicas &&
      `ports.instances has ${count}: there are ${replicas} replicas; give one port for ` +
        "each, or none",
    ...named.map(
      ({ name, port }) =>
        !wholeNumber(port, 1, 65_535) &&
        `${name} ${port}: not a port; give a whole number from 1 to 65535`,
    ),
    ...named.map(({ name, port }, index) => {
      const first = named.findIndex((one) => one.port === port);
      return (
        first < index && `${name} ${port}: ${named[first]?.name ?? ""} has it already; give another`
      );
    }),
  ];
};

const serviceProblems = ({ service, replicas, topology }: StackArgs): Problems =>
  service === undefined
    ? []
    : [
        service.environments.length !== replicas &&
          `service.environments has ${service.environments.length}: there are ${replicas} ` +
            "replicas; give one for each",
        topology.broadcaster === "supabase" &&
          `service ${service.name}: clients of ${topology.name} subscribe to Supabase Realtime; ` +
            "give another topology",
      ];

const otherProblems = (args: StackArgs): Problems => {
  const { stack, revision, graceS, ledgerDir, sessionSecret, labels } = args;
  return [
    !STACK_NAME.test(stack) &&
      `stack ${JSON.stringify(stack)}: not a name; ` +
        "give 1 to 48 lower-case letters, digits and hyphens, with no hyphen first",
    !REVISION.test(revision) &&
      `revision ${JSON.stringify(revision)}: ` +
        "give 1 to 64 letters, digits, dots, underscores or hyphens",
    !wholeNumber(graceS, 0, LONGEST_GRACE_S) &&
      `graceS ${graceS}: out of range; give whole seconds from 0 to ${LONGEST_GRACE_S}`,
    ledgerDir !== undefined &&
      !isAbsolute(ledgerDir) &&
      `ledgerDir ${JSON.stringify(ledgerDir)}: not absolute; give the whole path`,
    sessionSecret.length < SHORTEST_SECRET &&
      `sessionSecret has ${sessionSecret.length} characters: ` +
        `give ${SHORTEST_SECRET} or more, e.g. of openssl rand -hex 32`,
    ...Object.entries(labels).map(
      ([label, value]) =>
        (OWN_LABEL.test(label) || (label === "sse-lab.stack" && value !== stack)) &&
        `labels ${label}=${value}: the stack sets it itself; leave it out`,
    ),
  ];
};

/**
 * Never shows the value of a secret.
 *
 * @throws UserError naming every problem, one line each: the field, its value and the fix
 */
export const checkStackArgs = (args: StackArgs): void => {
  const checks = [routing, realtimeProblems, imageProblems, portProblems];
  const problems = [...checks, serviceProblems, otherProblems]
    .flatMap((check) => check(args))
    .filter((problem) => typeof problem === "string");
  if (problems.length === 0) return;
  const list = problems.map((problem) => `- ${problem}`).join("\n");
  throw new UserError(`Invalid stack ${JSON.stringify(args.stack)}:\n${list}`);
};
