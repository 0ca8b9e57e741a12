/** A deployment that somebody else runs. Nothing of it is started, ended or looked into. */
import { UserError } from "../../../common/user-error.ts";
import type { Deployment, Platform, SweepReport } from "../platform.ts";
import { checkTls } from "./check-tls.ts";
import { runBounceCommand } from "./run-command.ts";

export interface Target {
  /** Base URL without a slash at its end. */
  url: string;
  /** Deploys it anew, or disturbs it in another way. */
  bounceCommand?: string | undefined;
  /** Seconds that the command and its effect take. A shorter load would not show all of it. */
  bounceSeconds: number;
}

const notOurs = (): Promise<never> =>
  Promise.reject(new UserError("a target is not the lab's: only its bounce command disturbs it"));

const nothing: SweepReport = { swept: [], kept: [], owned: [], foreign: [], problems: [] };

export const createTargetPlatform = ({ url, bounceCommand, bounceSeconds }: Target): Platform => ({
  name: "target",
  settings: { target: url, ...(bounceCommand === undefined ? {} : { bounceCommand }) },
  bounceSeconds: (kind) => (kind === "none" ? 0 : bounceSeconds),
  prepare: ({ signal }) => checkTls(url, signal),
  up: ({ topology, signal }) => {
    const never = new AbortController().signal;
    const deployment: Deployment = {
      id: "target",
      topology: topology.name,
      url,
      instances: [],
      instanceUrls: {},
      control: {
        deploy: notOurs,
        kill: notOurs,
        start: notOurs,
        pause: notOurs,
        resume: notOurs,
      },
      router: { name: "router", kill: notOurs, start: notOurs },
      ...(bounceCommand === undefined
        ? {}
        : { bounceByCommand: () => runBounceCommand(bounceCommand, signal ?? never) }),
      versions: {},
      ledgers: () => Promise.resolve([]),
      usage: () => Promise.resolve([]),
      detach: () => Promise.resolve(),
      down: () => Promise.resolve(),
    };
    return Promise.resolve(deployment);
  },
  findRunning: () => Promise.resolve([]),
  attach: notOurs,
  sweepLeftovers: () => Promise.resolve(nothing),
  downAll: () => Promise.resolve(nothing),
});
