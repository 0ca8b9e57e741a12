import { sleep } from "k6";
import http from "k6/http";
import { parseJson } from "../../../common/portable/parse-json.ts";
import { ENGINE_LIMITS } from "../../../harness/load/portable/engine-limits.ts";
import type { LoadPlan } from "../../../harness/load/portable/load-plan.ts";
import {
  bodyText,
  fillRequest,
  routeName,
} from "../../../harness/load/portable/service/fill-template.ts";
import { numberAt, textAt } from "../../../harness/load/portable/service/json-pointer.ts";
import type { ServiceProtocol } from "../../../harness/load/portable/service/service-protocol.ts";
import type {
  ControlAnswer,
  ControlRequest,
  Step,
} from "../../../harness/load/portable/session/session-steps.ts";
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

/**
 * Takes a session's steps by `k6/http` and `sleep`. They block the VU: nothing is read from its
 * stream meanwhile.
 */
export class HttpRequests {
  readonly #url: string;
  readonly #service: ServiceProtocol;
  readonly #times: RunTimes;
  readonly #recorder: SessionRecorder;

  constructor({ url, service }: LoadPlan, times: RunTimes, recorder: SessionRecorder) {
    this.#url = url;
    this.#service = service;
    this.#times = times;
    this.#recorder = recorder;
  }

  /**
   * Asks an instance for its clock. The native engine shares that clock, so this is no request of
   * the session.
   */
  readClock(): void {
    const { background } = this.#service;
    if (background?.clock !== undefined) this.perform(fillRequest(background, () => undefined, {}));
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
  protected argumentsOf({ method, path, route, headers, body }: ControlRequest): HttpArguments {
    const leftMs = Math.max(1, Math.ceil(this.#times.deadlineMs - nowMs()));
    const params = {
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      redirects: 0,
      // One name for all sessions, so that k6 keeps one figure for them and not one each.
      tags: { name: `${method} ${routeName(route ?? path)}` },
      timeout: `${Math.min(ENGINE_LIMITS.controlTimeoutMs, leftMs)}ms`,
    };
    return [method, `${this.#url}${path}`, body === undefined ? null : bodyText(body), params];
  }

  /** Reads k6's answer. An answer that holds an instance's clock is a reading of that clock. */
  protected answerOf(
    response: HttpResponse,
    { path }: ControlRequest,
    askedMs: number,
  ): ControlAnswer {
    const answeredMs = nowMs();
    const { background, instanceHeader } = this.#service;
    const answer = toAnswer(response, instanceHeader);
    if (background?.clock === undefined || path !== background.path || answer.status !== 200)
      return answer;
    const clockMs = numberAt(answer.body, background.clock);
    const instance = background.instance && textAt(answer.body, background.instance);
    if (clockMs !== undefined && instance !== undefined)
      this.#recorder.clock(instance, askedMs, clockMs, answeredMs);
    return answer;
  }
}

const toAnswer = (
  { status, headers, body, error_code }: HttpResponse,
  instanceHeader: string | undefined,
): ControlAnswer => {
  const instance = instanceHeader === undefined ? undefined : headerOf(headers, instanceHeader);
  const retryAfter = Number(headerOf(headers, "retry-after") ?? NaN);
  const isJson = body !== null && /\bjson\b/.test(headerOf(headers, "content-type") ?? "");
  return {
    status,
    ...(instance === undefined ? {} : { instance }),
    ...(retryAfter >= 0 ? { retryAfterMs: retryAfter * 1000 } : {}),
    headers: lowerCase(headers),
    ...(status === 0 && error_code ? { reason: `k6 error ${error_code}` } : {}),
    body: isJson ? parseJson(body) : undefined,
  };
};

const lowerCase = (headers: HttpResponse["headers"]): Record<string, string> => {
  const lower: Record<string, string> = {};
  for (const name of Object.keys(headers)) lower[name.toLowerCase()] = headers[name] ?? "";
  return lower;
};

/** k6 writes names as Go does (`X-Instance`), however they were sent. */
export const headerOf = (
  headers: Readonly<Record<string, string>> | null,
  name: string,
): string | undefined =>
  Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
