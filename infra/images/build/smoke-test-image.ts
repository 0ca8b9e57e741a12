/** Runs an image once, locked down as it will be used, before it gets its name: a broken one never gets one. */
import { PassThrough } from "node:stream";
import type Dockerode from "dockerode";
import { UserError } from "../../../common/user-error.ts";

export interface Proof {
  /** Replaces the image's own entry point where given. */
  entrypoint?: readonly string[];
  command: readonly string[];
  env?: readonly string[];
  /** What it has to print. */
  prints: string | RegExp;
}

const PROOF_MS = 60_000;
const LAST_LINES = 5;

const lastLines = (text: string): string => text.trim().split("\n").slice(-LAST_LINES).join(" | ");

/**
 * @param name of the image, for people
 * @throws UserError with the last lines of what it printed
 */
export const proveImage = async (
  docker: Dockerode,
  image: { id: string; name: string },
  proof: Proof,
  signal: AbortSignal | undefined,
): Promise<void> => {
  signal?.throwIfAborted();
  const container = await docker.createContainer({
    Image: image.id,
    ...(proof.entrypoint ? { Entrypoint: [...proof.entrypoint] } : {}),
    Cmd: [...proof.command],
    Env: [...(proof.env ?? [])],
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      // The engine removes it even if this process is killed meanwhile; its command ends by itself.
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
  const timer = setTimeout(kill, PROOF_MS);
  signal?.addEventListener("abort", kill);
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const output = new PassThrough();
    docker.modem.demuxStream(stream, output, output);
    let printed = "";
    output.setEncoding("utf8").on("data", (chunk: string) => (printed += chunk));
    const ended = container.wait({ condition: "removed" }) as Promise<{ StatusCode: number }>;
    // Waited for below; a failing start would else leave its rejection alone.
    ended.catch(() => undefined);
    try {
      await container.start();
    } catch (error) {
      await container.remove({ force: true }).catch(() => undefined);
      throw error;
    }
    const { StatusCode } = await ended;
    signal?.throwIfAborted();
    const as = typeof proof.prints === "string" ? printed.includes(proof.prints) : proof.prints.test(printed);
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
