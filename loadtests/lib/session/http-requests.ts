import { sleep } from "k6";
import http from "k6/http";
import { parseJson } from "../../../common/portable/parse-json.ts";
import { ENGINE_LIMITS } from "../../../harness/load/portable/engine-limits.ts";
import { readHealth } from "../../../harness/load/portable/session/read-answers.ts";
import type {
  ControlAnswer,
  ControlRequest,
  Step,
} from "../../../harness/load/portable/session/session-steps.ts";
import { INSTANCE_HEADER } from "../../../server/src/contract/events.ts";
import { nowMs } from "../output/clock.ts";
import type { SessionRecorder } from "../output/session-recorder.ts";
import type { RunTimes } from "../plan/run-times.ts";

type HttpArguments = Parameters<typeof http.request<"text">>;
/** The fields that are read of k6's answer. */
interface HttpResponse {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string | null;
  /** 0: none (k6, "Error codes"). */
  error_code?: number;
}

const HEALTH: ControlRequest = { method: "GET", path: "/healthz", headers: {} };

/**
 * Takes a session's steps by `k6/http` and `sleep`. They block the VU: nothing is read from its
 * stream meanwhile.
 */
export class HttpRequests {
  readonly #url: string;
  readonly #times: RunTimes;
  readonly #recorder: SessionRecorder;

  /** @param url scheme, host and port of the router */
  constructor(url: string, times: RunTimes, recorder: SessionRecorder) {
    this.#url = url;
    this.#times = times;
    this.#recorder = recorder;
  }

  /**
   * Asks an instance for its clock. The native engine shares that clock, so this is no request of
   * the session.
   */
  readClock(): void {
    this.perform(HEALTH);
  }

  perform(step: Step): ControlAnswer | undefined {
    if ("waitMs" in step) {
      sleep(this.boundedMs(step.waitMs) / 1000);
      return undefined;
    }
    const askedMs = nowMs();
    return this.answerOf(http.request(...this.argumentsOf(step)), step, askedMs);
  }

  /** A wait ends at the deadline. Milliseconds. */
  protected boundedMs(waitMs: number): number {
    return Math.max(0, Math.min(waitMs, this.#times.deadlineMs - nowMs()));
  }

  /** The arguments of `http.request`. */
  protected argumentsOf({ method, path, headers, body }: ControlRequest): HttpArguments {
    const leftMs = Math.max(1, Math.ceil(this.#times.deadlineMs - nowMs()));
    const params = {
      headers: {
        ...headers,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      redirects: 0,
      // One name for all sessions, so that k6 keeps one figure for them and not one each.
      tags: { name: `${method} ${withoutId(path)}` },
      timeout: `${Math.min(ENGINE_LIMITS.controlTimeoutMs, leftMs)}ms`,
    };
    return [
      method,
      `${this.#url}${path}`,
      body === undefined ? null : JSON.stringify(body),
      params,
    ];
  }

  /** Reads k6's answer. An answer that holds an instance's clock is a reading of that clock. */
  protected answerOf(
    response: HttpResponse,
    { path }: ControlRequest,
    askedMs: number,
  ): ControlAnswer {
    const answeredMs = nowMs();
    const answer = toAnswer(response);
    const isHealth = path === HEALTH.path && answer.status === 200;
    const health = isHealth ? readHealth(answer.body) : undefined;
    if (health !== undefined)
      this.#recorder.clock(health.instance, askedMs, health.clockMs, answeredMs);
    return answer;
  }
}

const withoutId = (path: string): string => path.replace(/^(\/api\/sessions\/)[^/]+/, "$1:id");

const toAnswer = ({ status, headers, body, error_code }: HttpResponse): ControlAnswer => {
  const instance = headerOf(headers, INSTANCE_HEADER);
  const retryAfter = Number(headerOf(headers, "retry-after") ?? NaN);
  const isJson = body !== null && /\bjson\b/.test(headerOf(headers, "content-type") ?? "");
  return {
    status,
    ...(instance === undefined ? {} : { instance }),
    ...(retryAfter >= 0 ? { retryAfterMs: retryAfter * 1000 } : {}),
    ...(status === 0 && error_code ? { reason: `k6 error ${error_code}` } : {}),
    body: isJson ? parseJson(body) : undefined,
  };
};

/** k6 writes names as Go does (`X-Instance`), however they were sent. */
export const headerOf = (
  headers: Readonly<Record<string, string>> | null,
  name: string,
): string | undefined =>
  Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
