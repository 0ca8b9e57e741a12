/** What hosts do to streams and to instances that stop, by default. Each figure with its source. */

export interface Host {
  name: string;
  /** Seconds from the stop signal to SIGKILL. Null: as you set it. */
  graceS: number | null;
  /** The longest that one request, and so one stream, may last, seconds. Null: no limit known. */
  requestCapS: number | null;
  /** Where these figures stand, and how to change the first one. */
  source: string;
}

export const HOSTS = {
  railway: {
    name: "Railway",
    graceS: 0,
    requestCapS: 900,
    source:
      "docs.railway.com/deployments/deployment-teardown (draining seconds, settable) and " +
      "docs.railway.com/networking/public-networking/specs-and-limits (15 minutes a request)",
  },
  fly: {
    name: "Fly.io",
    graceS: 5,
    requestCapS: null,
    source: "fly.io/docs/reference/configuration (kill_timeout, settable)",
  },
  render: {
    name: "Render",
    graceS: 30,
    requestCapS: null,
    source: "api-docs.render.com (maxShutdownDelaySeconds, 1 to 300)",
  },
  kubernetes: {
    name: "Kubernetes",
    graceS: 30,
    requestCapS: null,
    source:
      "kubernetes.io/docs/concepts/workloads/pods/pod-termination " +
      "(terminationGracePeriodSeconds, settable); your ingress may limit requests",
  },
  own: {
    name: "your own host",
    graceS: null,
    requestCapS: null,
    source: "what you set",
  },
} as const satisfies Readonly<Record<string, Host>>;

export type HostName = keyof typeof HOSTS;
export const HOST_NAMES = Object.keys(HOSTS) as HostName[];
