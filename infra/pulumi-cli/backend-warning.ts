import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { FILE, fileBackendFolder } from "./file-backend.ts";
import { PROJECT_ROOT } from "../../common/paths.ts";
import { UserError } from "../../common/user-error.ts";

/** One notation per folder; other URLs stay as they are. */
const normal = (url: string): string => {
  try {
    return url.startsWith(FILE) ? `${FILE}${fileBackendFolder(url)}` : url;
  } catch {
    return url;
  }
};

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

/**
 * The warning if the Pulumi CLI stores its state elsewhere than the lab's commands do.
 *
 * @throws UserError if the CLI reads the checkout's own path as another one, because of a `#`, `%`
 *   or `?` in it
 */
export const backendWarning = (
  env: NodeJS.ProcessEnv = process.env,
  root: string = PROJECT_ROOT,
): string | undefined => {
  // As Pulumi.yaml names it.
  const folder = join(root, "infra", "state");
  const taken = env["PULUMI_BACKEND_URL"];
  if (!taken) {
    if (normal(`${FILE}${folder}`) === `${FILE}${folder}`) return undefined;
    throw new UserError(
      `the path of this checkout, ${root}, holds a #, % or ?, which Pulumi does not take as it is`,
      `export PULUMI_BACKEND_URL=${pathToFileURL(folder).href} first`,
    );
  }
  const expected = env["SSE_LAB_PULUMI_BACKEND"]
    ? normal(env["SSE_LAB_PULUMI_BACKEND"])
    : `${FILE}${folder}`;
  if (normal(taken) === expected) return undefined;
  return (
    "the state of this stack, with its encrypted secrets, is stored in PULUMI_BACKEND_URL " +
    `(${shown(normal(taken))}); the lab's own commands keep it in ${shown(expected)} ` +
    "and do not find it there: " +
    "unset PULUMI_BACKEND_URL, or set SSE_LAB_PULUMI_BACKEND to the same"
  );
};
