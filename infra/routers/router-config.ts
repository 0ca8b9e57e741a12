/** One way to the configuration of either router. */
import type { Router } from "../topologies.ts";
import { haproxyConfig } from "./haproxy-config.ts";
import type { RouterFile, RouterPlan } from "./router-plan.ts";
import { traefikConfig } from "./traefik-config.ts";

/** The files to be written into `folder` (absolute); the first is the one that the router is started with. */
export const routerConfig = (
  router: Router,
  folder: string,
  plan: RouterPlan,
): [RouterFile, ...RouterFile[]] =>
  router === "traefik" ? traefikConfig(folder, plan) : haproxyConfig(folder, plan);

/** Path of the page for people on the router's ops address. */
export const DASHBOARD_PATH: Readonly<Record<Router, string>> = { traefik: "/dashboard/", haproxy: "/" };
