import { homedir } from "node:os";
import { resolve } from "node:path";
import { PROJECT_ROOT } from "../../common/paths.ts";

/** The same as in Pulumi.yaml. */
const DEFAULT_BACKEND = "file://./infra/state";
const FILE = "file://";

/** One notation per folder; other URLs stay as they are. */
const normal = (url: string): string =>
  url.startsWith(FILE)
    ? `${FILE}${resolve(PROJECT_ROOT, url.slice(FILE.length).replace(/^~(?=\/|$)/, homedir()))}`
    : url;

/** Without user, password and parameters, which may be secrets. */
const shown = (url: string): string => {
  if (url.startsWith(FILE)) return url;
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
  } catch {
    return "no URL";
  }
};

/** The warning if the Pulumi CLI stores its state elsewhere than the lab's commands do. */
export const backendWarning = (env: NodeJS.ProcessEnv = process.env): string | undefined => {
  const taken = env["PULUMI_BACKEND_URL"];
  const expected = normal(env["SSE_LAB_PULUMI_BACKEND"] || DEFAULT_BACKEND);
  if (!taken || normal(taken) === expected) return undefined;
  return (
    "the state of this stack, with its encrypted secrets, is stored in PULUMI_BACKEND_URL " +
    `(${shown(normal(taken))}); the lab's own commands keep it in ${shown(expected)} ` +
    "and do not find it there: " +
    "unset PULUMI_BACKEND_URL, or set SSE_LAB_PULUMI_BACKEND to the same"
  );
};
