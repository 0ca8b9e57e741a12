/** The configuration of either router. */
import type { Router } from "../topologies.ts";
import { haproxyConfig } from "./haproxy-config.ts";
import type { RouterFile, RouterPlan } from "./router-plan.ts";
import { traefikConfig } from "./traefik-config.ts";

/** The files for `folder` (absolute). The router starts with the first one. */
export const routerConfig = (
  router: Router,
  folder: string,
  plan: RouterPlan,
): [RouterFile, ...RouterFile[]] =>
  router === "traefik" ? traefikConfig(folder, plan) : haproxyConfig(folder, plan);

/** Path of the dashboard on the router's ops address. */
export const DASHBOARD_PATH: Readonly<Record<Router, string>> = {
  traefik: "/dashboard/",
  haproxy: "/",
};
