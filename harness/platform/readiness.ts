/** Conditions of waits: whether a URL answers 2xx. */
import { READY_PATH } from "../../infra/routers/router-plan.ts";

/** True, or what it answered instead. Rejects without an answer. */
export const answersOk =
  (url: string) =>
  async (signal: AbortSignal): Promise<true | string> => {
    // A draining instance would have to close a kept-alive connection.
    const answer = await fetch(url, { signal, headers: { connection: "close" } });
    await answer.body?.cancel();
    return answer.ok || `${new URL(url).pathname} answered ${answer.status}`;
  };

/** Is the instance, or one behind the router at this base URL, ready? */
export const readiness = (url: string, path = READY_PATH): ReturnType<typeof answersOk> =>
  answersOk(`${url}${path}`);
