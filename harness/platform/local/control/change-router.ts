/** Replaces Traefik's dynamic configuration while it runs. */
import { rename, writeFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { waitFor } from "../../../../common/wait-for.ts";
import { routerConfig } from "../../../../infra/routers/router-config.ts";
import type { RouterPlan } from "../../../../infra/routers/router-plan.ts";
import type { Router } from "../../../../infra/topologies.ts";
import type { RouterComponent } from "../../platform.ts";
import { traefikRoutes } from "../../router-status.ts";
import type { LocalInstanceControl } from "./instance-control.ts";

/** What the router was started with. */
export interface LocalRouterPlan {
  router: Router;
  folder: string;
  plan: RouterPlan;
}

interface ChangedRouter extends LocalRouterPlan {
  opsUrl: string;
  control: LocalInstanceControl;
  signal: AbortSignal;
}

/** Traefik takes at most one change in two seconds. */
const TIMEOUT_MS = 15_000;

export const changeRouter =
  ({
    router,
    folder,
    plan,
    opsUrl,
    control,
    signal,
  }: ChangedRouter): NonNullable<RouterComponent["change"]> =>
  async ({ affinity, instances }) => {
    const servers = plan.servers.filter(({ name }) => instances.includes(name));
    const [, ...files] = routerConfig(router, folder, { ...plan, affinity, servers });
    for (const { path, content } of files) {
      // In one step, so that Traefik never reads half of it.
      await writeFile(`${path}.new`, content);
      await rename(`${path}.new`, path);
    }
    const wanted = { urls: servers.map(({ url }) => url).sort(), sticky: affinity === "cookie" };
    await waitFor({
      name: `the router to route to ${instances.join(", ")} with affinity ${affinity}`,
      timeoutMs: TIMEOUT_MS,
      condition: async (within) => {
        const routes = await traefikRoutes(opsUrl, within);
        return isDeepStrictEqual(routes, wanted) || `it has ${JSON.stringify(routes)}`;
      },
      signal,
    });
    await control.waitForRouter(instances);
  };
