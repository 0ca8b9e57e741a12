/** Pulls an image with progress, and gives up soon if no registry answers. */
import type Dockerode from "dockerode";
import type { AssembleOptions } from "../../offline/assembled-images/assemble-image.ts";

interface PullMessage {
  id?: string;
  status?: string;
  error?: string;
  progressDetail?: { current?: number; total?: number };
}

/** The registry cannot be reached, for this image or the next. */
export class RegistryUnreachable extends Error {
  override name = "RegistryUnreachable";
}

/** Until the registry's first message, ms. An engine without a route would wait for minutes. */
const FIRST_ANSWER_MS = 10_000;
/** Between two messages, ms. */
const STALLED_MS = 60_000;
const PROGRESS_MS = 2_000;

const UNREACHABLE =
  /dial tcp|no such host|i\/o timeout|connection refused|connection reset|network is unreachable|no route to host|TLS handshake|server misbehaving|Client\.Timeout|deadline exceeded|proxyconnect|unexpected EOF|x509|temporary failure/i;

const oneLine = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, " | ");

const toError = (error: unknown): Error => {
  const message = error instanceof Error ? error.message : String(error);
  const text = oneLine(message.replace(/^\(HTTP code \d+\) [^-]*- /, ""));
  return UNREACHABLE.test(text) ? new RegistryUnreachable(text) : new Error(text);
};

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

/** Adds the layers up. */
const progressOf = (layers: ReadonlyMap<string, { current?: number; total?: number }>): string => {
  const sum = (pick: "current" | "total"): number =>
    [...layers.values()].reduce((all, detail) => all + (detail[pick] ?? 0), 0);
  return `${megabytes(sum("current"))} of ${megabytes(sum("total"))} MB`;
};

/**
 * @param reference e.g. `traefik@sha256:...`
 * @param name shown to the user
 * @throws RegistryUnreachable, or Error with the registry's or engine's words in one line
 */
export const pullImage = async (
  docker: Dockerode,
  reference: string,
  name: string,
  { onStep, signal }: AssembleOptions,
  firstAnswerMs = FIRST_ANSWER_MS,
): Promise<void> => {
  signal?.throwIfAborted();
  onStep?.(`pulling ${name}`);
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), firstAnswerMs);
  let waited = firstAnswerMs;
  const layers = new Map<string, { current?: number; total?: number }>();
  const progress = setInterval(() => {
    if (layers.size > 0) onStep?.(`pulling ${name}: ${progressOf(layers)}`);
  }, PROGRESS_MS);
  const onMessage = (message: PullMessage): void => {
    clearTimeout(timer);
    waited = STALLED_MS;
    timer = setTimeout(() => silence.abort(), STALLED_MS);
    if (message.id !== undefined && message.status === "Downloading" && message.progressDetail) {
      layers.set(message.id, message.progressDetail);
    }
  };
  try {
    const abortSignal = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
    const answer = await docker.pull(reference, { abortSignal });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(
        answer,
        (error: Error | null) => (error ? reject(error) : resolve()),
        onMessage,
      );
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (silence.signal.aborted) throw new RegistryUnreachable(`no answer for ${waited / 1000} s`);
    throw toError(error);
  } finally {
    clearTimeout(timer);
    clearInterval(progress);
  }
};
