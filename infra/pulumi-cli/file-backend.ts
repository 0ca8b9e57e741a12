import { homedir } from "node:os";
import { resolve } from "node:path";
import { PROJECT_ROOT } from "../../common/paths.ts";

export const FILE = "file://";

/**
 * The folder that Pulumi takes for the `file://` URL of a backend: without parameters and fragment,
 * percent-decoded, from the project's root.
 *
 * @throws URIError for a `%` that begins no escape
 */
export const fileBackendFolder = (url: string): string => {
  const [path = ""] = url.slice(FILE.length).split(/[?#]/, 1);
  return resolve(
    PROJECT_ROOT,
    decodeURIComponent(path).replace(/^~(?=\/|$)/, () => homedir()),
  );
};
