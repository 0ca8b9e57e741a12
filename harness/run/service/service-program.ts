/** A service file as a program that a platform runs in the place of the lab's own server. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UserError } from "../../../common/user-error.ts";
import type { Topology } from "../../../infra/topologies.ts";
import type {
  PlatformName,
  ProgramValues,
  ServiceContainer,
  ServiceProgram,
} from "../../platform/platform.ts";
import {
  mapTexts,
  placeholdersOf,
  replacePlaceholders,
} from "../../service/compile/placeholders.ts";
import { describeProblem } from "../../service/problem.ts";
import type { Service } from "../../service/read-service-file.ts";
import type { RunSection } from "../../service/schema/run-schema.ts";
import { splitCommand } from "./split-command.ts";

const refuse = (service: Service, path: string[], message: string): never => {
  throw new UserError(describeProblem(service.source, { path, message }));
};

const runOf = (service: Service): RunSection =>
  service.file.run ??
  refuse(service, ["run"], "is missing, so the lab cannot start it; say how, or give --target");

const environmentIn = (run: RunSection, { name }: Topology): Record<string, string> => ({
  ...run.environment,
  ...run.topologies?.[name]?.environment,
});

/** @throws UserError with the place in the file, if this host cannot run the service at all */
export function checkCommand(service: Service): void {
  const run = runOf(service);
  if (run.command === undefined)
    refuse(service, ["run", "command"], "is missing: platform local runs a command");
  const folder = folderOf(service, run);
  if (!existsSync(folder)) refuse(service, ["run", "folder"], `there is no folder ${folder}`);
  const used = new Set(
    [run.command ?? [], Object.values(run.environment ?? {})].flat().flatMap(placeholdersOf),
  );
  for (const { environment } of Object.values(run.topologies ?? {}))
    for (const text of Object.values(environment ?? {}))
      for (const name of placeholdersOf(text)) used.add(name);
  if (!used.has("port"))
    refuse(
      service,
      ["run", "command"],
      "never uses ${port}, so all instances would listen on one port; put it into the command " +
        "or the environment",
    );
}

/** @throws UserError with the place in the file, if no container can run the service */
export function checkImage(service: Service): void {
  const { image, build } = runOf(service);
  if (image === undefined && build === undefined)
    refuse(service, ["run", "image"], "is missing: platform docker runs an image, or a build");
  if (build === undefined) return;
  const file = resolve(dirname(service.path), build.context, build.dockerfile ?? "Dockerfile");
  if (!existsSync(file)) refuse(service, ["run", "build"], `there is no file ${file}`);
}

/** @throws UserError with the place in the file, if the service cannot run in this topology */
export function checkTopology(
  service: Service,
  topology: Topology,
  platform: PlatformName = "local",
): void {
  const run = runOf(service);
  const { name, broadcaster, affinity } = topology;
  const at = ["run", "topologies", name];
  if (broadcaster === "supabase")
    refuse(
      service,
      at,
      "clients of this topology subscribe to Supabase Realtime, which a service file cannot " +
        "describe yet; leave it out of --topologies",
    );
  const reachesRedis = Object.values(environmentIn(run, topology))
    .concat(platform === "docker" ? [] : (run.command ?? []))
    .some((text) => placeholdersOf(text).includes("redis.url"));
  if (broadcaster !== "local" && run.topologies?.[name] === undefined)
    refuse(
      service,
      at,
      "is missing: the file does not say how to turn Redis on; give its environment there, or " +
        `leave ${name} out of --topologies`,
    );
  if (broadcaster !== "local" && !reachesRedis)
    refuse(
      service,
      at,
      `nothing in its environment${platform === "docker" ? "" : " or the command"} uses ` +
        "${redis.url}",
    );
  const { request, credentials } = {
    request: service.protocol.stream.request.headers,
    credentials: service.protocol.session.credentials,
  };
  if (affinity === "header" && !("x-session-id" in { ...request, ...credentials }))
    refuse(
      service,
      ["session", "credentials"],
      `the router of ${name} hashes the header X-Session-ID, which this service's requests do ` +
        `not have; add x-session-id: \${session.id}, or leave ${name} out`,
    );
}

const folderOf = ({ path }: Service, { folder = "." }: RunSection): string =>
  resolve(dirname(path), folder);

/** @param environment of this process, for the placeholders `${env.NAME}` */
export function toProgram(
  service: Service,
  topology: Topology,
  environment: Readonly<Record<string, string | undefined>>,
): ServiceProgram {
  const run = runOf(service);
  const { signal = "SIGTERM", grace } = run.stop ?? {};
  const command = typeof run.command === "string" ? splitCommand(run.command) : (run.command ?? []);
  return {
    name: service.name,
    folder: folderOf(service, run),
    readyPath: run.ready,
    readyWithinMs: run.readyWithin === undefined ? undefined : run.readyWithin * 1000,
    stopSignal: signal as NodeJS.Signals,
    graceMs: grace === undefined ? undefined : grace * 1000,
    container: containerOf(service),
    start: (values) => {
      const fill = (text: string): string =>
        replacePlaceholders(text, (name) => valueOf(name, values, environment));
      const [program = "", ...args] = command.map(fill);
      return {
        command: [program, ...args],
        environment: mapTexts(environmentIn(run, topology), fill),
      };
    },
  };
}

/** How it runs in containers, if the file says that. */
export function containerOf({ path, file }: Service): ServiceContainer | undefined {
  const { image, build, port, user } = file.run ?? {};
  if (port === undefined) return undefined;
  if (image !== undefined) return { image: { image }, port, user };
  if (build === undefined) return undefined;
  const { context, dockerfile, target, args } = build;
  return {
    image: {
      build: {
        context: resolve(dirname(path), context),
        ...(dockerfile === undefined ? {} : { dockerfile }),
        ...(target === undefined ? {} : { target }),
        ...(args === undefined ? {} : { args }),
      },
    },
    port,
    user,
  };
}

/** `${revision}` stays: each start has another one. */
function valueOf(
  name: string,
  { port, instance, ledgerDir, redisUrl }: ProgramValues,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (name.startsWith("env.")) return environment[name.slice("env.".length)];
  switch (name) {
    case "port":
      return String(port);
    case "instance":
      return instance;
    case "ledger.dir":
      return ledgerDir;
    case "redis.url":
      // A topology without Redis: a service may take an empty address for "none".
      return redisUrl ?? "";
    default:
      return undefined;
  }
}
