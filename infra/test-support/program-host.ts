/**
 * A substitute for Pulumi's Node.js language host: runs the program of `Pulumi.yaml` in a separate
 * process, through `@pulumi/pulumi/cmd/run` with the `nodeargs` given there. The real host comes
 * with Pulumi's release and is not available on every machine. All that it would add, reading
 * `runtime.options`, happens here.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { execa } from "execa";
import { parse } from "yaml";
import { z } from "zod";

/** The used parts of the generated gRPC code, which has no types. */
interface RunRequest {
  getMonitorAddress(): string;
  getArgsList(): string[];
  getProject(): string;
  getStack(): string;
  getOrganization(): string;
  getDryrun(): boolean;
  getParallel(): number;
  getConfigMap(): { entries(): Iterable<[string, string]> };
  getConfigsecretkeysList(): string[];
}
type Reply = (error: Error | null, response?: unknown) => void;
interface GrpcServer {
  addService(
    service: unknown,
    handlers: Record<string, (call: { request: RunRequest }, reply: Reply) => void>,
  ): void;
  bindAsync(
    address: string,
    credentials: unknown,
    done: (error: Error | null, port: number) => void,
  ): void;
  forceShutdown(): void;
}

const fromHere = createRequire(import.meta.url);
const fromPulumi = createRequire(fromHere.resolve("@pulumi/pulumi"));
const grpc = fromPulumi("@grpc/grpc-js") as {
  Server: new () => GrpcServer;
  ServerCredentials: { createInsecure(): unknown };
};
const { LanguageRuntimeService } = fromHere("@pulumi/pulumi/proto/language_grpc_pb") as Record<
  string,
  unknown
>;
const language = fromHere("@pulumi/pulumi/proto/language_pb") as {
  RunResponse: new () => { setError(text: string): void; setBail(bail: boolean): void };
  GetRequiredPluginsResponse: new () => unknown;
};
const plugin = fromHere("@pulumi/pulumi/proto/plugin_pb") as {
  PluginInfo: new () => { setVersion(version: string): void };
};

const projectSchema = z.object({
  main: z.string(),
  runtime: z.object({
    name: z.literal("nodejs"),
    options: z.object({ typescript: z.literal(false), nodeargs: z.string() }),
  }),
});

/**
 * Exit code of a program that has reported its errors
 * (`nodeJSProcessExitedAfterLoggingUserActionableMessage`).
 */
const SAID_WHY = 32;

export interface ProgramHost {
  /** For `pulumi --client=`. */
  address: string;
  close(): void;
}

const runProgram = async (
  request: RunRequest,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<unknown> => {
  const { main, runtime } = projectSchema.parse(
    parse(readFileSync(join(folder, "Pulumi.yaml"), "utf8")),
  );
  const args = [
    ...runtime.options.nodeargs.split(" "),
    fromHere.resolve("@pulumi/pulumi/cmd/run"),
    "--monitor",
    request.getMonitorAddress(),
    "--engine",
    request.getArgsList()[0] ?? "",
    "--organization",
    request.getOrganization(),
    "--project",
    request.getProject(),
    "--stack",
    request.getStack(),
    "--pwd",
    folder,
    ...(request.getDryrun() ? ["--dry-run"] : []),
    "--parallel",
    String(request.getParallel()),
    main,
  ];
  const { exitCode, all } = await execa(process.execPath, args, {
    cwd: folder,
    reject: false,
    all: true,
    env: {
      ...env,
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    },
  });
  const response = new language.RunResponse();
  // An answer without either means that the program succeeded: the engine then deletes what it did
  // not declare.
  if (exitCode === SAID_WHY) response.setBail(true);
  else if (exitCode !== 0)
    response.setError(`the program ended with ${exitCode ?? "a signal"}: ${all}`);
  return response;
};

/** `folder` holds Pulumi.yaml. */
export const startProgramHost = async (
  folder: string,
  env: NodeJS.ProcessEnv = {},
): Promise<ProgramHost> => {
  const server = new grpc.Server();
  server.addService(LanguageRuntimeService, {
    getRequiredPlugins: (_, reply) => reply(null, new language.GetRequiredPluginsResponse()),
    getPluginInfo: (_, reply) => {
      const info = new plugin.PluginInfo();
      info.setVersion("1.0.0");
      reply(null, info);
    },
    run: ({ request }, reply) => {
      runProgram(request, folder, env).then(
        (response) => reply(null, response),
        (error: unknown) => reply(error instanceof Error ? error : new Error(String(error))),
      );
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
};
