/** Runs a new image once, confined as in a stack. A broken image never gets a name. */
import { PassThrough } from "node:stream";
import type Dockerode from "dockerode";
import type { OwnImageComponent } from "../pinned-images.ts";
import { UserError } from "../../../common/user-error.ts";

export interface SmokeTest {
  /** Replaces the image's entry point. */
  entrypoint?: readonly string[];
  command: readonly string[];
  env?: readonly string[];
  /** What it has to print. */
  prints: string | RegExp;
}

const SMOKE_TEST_MS = 60_000;
const LAST_LINES = 5;

const lastLines = (text: string): string => text.trim().split("\n").slice(-LAST_LINES).join(" | ");

/**
 * @param name of the image, shown to the user
 * @throws UserError with the last lines of what it printed
 */
export const smokeTestImage = async (
  docker: Dockerode,
  image: { id: string; name: string },
  smokeTest: SmokeTest,
  signal: AbortSignal | undefined,
): Promise<void> => {
  signal?.throwIfAborted();
  const container = await docker.createContainer({
    Image: image.id,
    ...(smokeTest.entrypoint ? { Entrypoint: [...smokeTest.entrypoint] } : {}),
    Cmd: [...smokeTest.command],
    Env: [...(smokeTest.env ?? [])],
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      // The engine removes it even if this process is killed; its command ends by itself.
      AutoRemove: true,
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Memory: 512 << 20,
      PidsLimit: 128,
      Tmpfs: { "/tmp": "rw,noexec,nosuid,size=16m" },
    },
  });
  const kill = (): void => void container.kill().catch(() => undefined);
  const timer = setTimeout(kill, SMOKE_TEST_MS);
  signal?.addEventListener("abort", kill);
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const output = new PassThrough();
    docker.modem.demuxStream(stream, output, output);
    let printed = "";
    output.setEncoding("utf8").on("data", (chunk: string) => (printed += chunk));
    const ended = container.wait({ condition: "removed" }) as Promise<{ StatusCode: number }>;
    // Awaited below; a failing start would leave this rejection unhandled.
    ended.catch(() => undefined);
    try {
      await container.start();
    } catch (error) {
      await container.remove({ force: true }).catch(() => undefined);
      throw error;
    }
    const { StatusCode } = await ended;
    signal?.throwIfAborted();
    const as =
      typeof smokeTest.prints === "string"
        ? printed.includes(smokeTest.prints)
        : smokeTest.prints.test(printed);
    if (StatusCode === 0 && as) return;
    const said = lastLines(printed) || "nothing printed";
    throw new UserError(
      `the new image ${image.name} does not run (exit code ${StatusCode}): ${said}`,
      "look at the program it was made from, or set SSE_LAB_IMAGES=official",
    );
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", kill);
  }
};

/** Ends by itself in every case. `read` on a pipe without a writer sleeps without a program. */
const script = (program: string, check: string): string => `
node ${program} & pid=$!
exec 4<> <(:)
for _ in {1..200}; do
  kill -0 "$pid" || break
  if bash ${check} 2>/dev/null; then
    kill -TERM "$pid"
    wait "$pid" && echo ready and drained
    exit
  fi
  read -r -t 0.1 -u 4
done
kill -KILL "$pid" && echo "not ready within 20 seconds"
exit 1
`;

const serviceSmokeTest = (program: string, check: string, env: readonly string[]): SmokeTest => ({
  entrypoint: ["bash", "-c"],
  command: [script(program, check)],
  env,
  prints: "ready and drained",
});

const SECRET = "only-for-the-smoke-test-of-a-new-image";

export const SERVICE_SMOKE_TESTS: Readonly<Record<OwnImageComponent, SmokeTest>> = {
  server: serviceSmokeTest("/app/server.mjs", "/app/ready.bash", [
    `SESSION_SECRET=${SECRET}`,
    "LOG_LEVEL=error",
    "DRAIN_NOTICE_MS=0",
    "DRAIN_SPREAD_MS=0",
  ]),
  "realtime-standin": serviceSmokeTest("/app/realtime-standin.mjs", "/app/healthy.bash", [
    `API_JWT_SECRET=${SECRET}`,
    "LOG_LEVEL=error",
  ]),
};
