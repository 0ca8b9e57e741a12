/** Condition of a wait: the instance (or the router before it) at `url` says that it is ready, else what it answered. Rejects without an answer. */
export const readiness =
  (url: string) =>
  async (signal: AbortSignal): Promise<true | string> => {
    // A kept-alive connection would be one more that the instance has to close when it drains.
    const answer = await fetch(`${url}/readyz`, { signal, headers: { connection: "close" } });
    await answer.body?.cancel();
    return answer.status === 200 || `/readyz answered ${answer.status}`;
  };
