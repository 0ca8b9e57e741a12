import { httpUrlOf } from "../../../common/portable/realtime/urls.ts";
import type { RunningDeployment } from "../../platform/platform.ts";

/** A part that lives answers in a few milliseconds. */
const ANSWER_MS = 2_000;

const answers = async (url: string): Promise<boolean> => {
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: { connection: "close" },
    });
    await answer.body?.cancel();
    return answer.status === 200;
  } catch {
    return false;
  }
};

const isReady = (url: string): Promise<boolean> => answers(`${url}/readyz`);

/** The instances that do not say within 2 s that they are ready. Never rejects. */
export async function downInstances({ instances, instanceUrls }: RunningDeployment): Promise<string[]> {
  const ready = await Promise.all(instances.map((name) => isReady(instanceUrls[name] ?? "")));
  return instances.filter((_, index) => !ready[index]);
}

/** Is Realtime gone, one that was stood up here? A hosted one is nobody's here to bring back. Never rejects. */
export async function isRealtimeDown({ realtime }: RunningDeployment): Promise<boolean> {
  if (!realtime) return false;
  const url = new URL("/healthcheck", httpUrlOf(realtime.url));
  if (!/^127\.|localhost$/.test(url.hostname)) return false;
  // Names below localhost are this host (RFC 6761, section 6.3), which not every resolver knows.
  url.hostname = "127.0.0.1";
  return !(await answers(url.href));
}

/** What of it does not answer, for people: the router, Realtime and instances, each with its address. Never rejects. */
export async function unreachableComponents(kept: RunningDeployment): Promise<string[]> {
  const [router, noRealtime, instances] = await Promise.all([
    isReady(kept.url),
    isRealtimeDown(kept),
    downInstances(kept),
  ]);
  return [
    ...(router ? [] : [`the router at ${kept.url}`]),
    ...(kept.realtime && noRealtime ? [`${kept.realtime.name} at ${kept.realtime.url}`] : []),
    ...instances.map((name) => `${name} at ${kept.instanceUrls[name] ?? "(no address)"}`),
  ];
}
