import type { KeptDeployment } from "../platform/platform.ts";

/** A part that lives answers in a few milliseconds. */
const ANSWER_MS = 2_000;

const isReady = async (url: string): Promise<boolean> => {
  try {
    const answer = await fetch(`${url}/readyz`, {
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: { connection: "close" },
    });
    await answer.body?.cancel();
    return answer.status === 200;
  } catch {
    return false;
  }
};

/** The instances that do not say within 2 s that they are ready. Never rejects. */
export async function downInstances({ instances, instanceUrls }: KeptDeployment): Promise<string[]> {
  const ready = await Promise.all(instances.map((name) => isReady(instanceUrls[name] ?? "")));
  return instances.filter((_, index) => !ready[index]);
}

/** What of it does not answer, for people: the router and instances, each with its address. Never rejects. */
export async function deadParts(kept: KeptDeployment): Promise<string[]> {
  const [router, instances] = await Promise.all([isReady(kept.url), downInstances(kept)]);
  return [
    ...(router ? [] : [`the router at ${kept.url}`]),
    ...instances.map((name) => `${name} at ${kept.instanceUrls[name] ?? "(no address)"}`),
  ];
}
