import type { Problem } from "../problem.ts";
import type { ServiceFile } from "../schema/service-schema.ts";
import { mapTexts, placeholdersOf, replacePlaceholders, visitTexts } from "./placeholders.ts";

const PREFIX = "env.";

/** The file with its placeholders `${env.NAME}` filled in, so that secrets stay out of the file. */
export function fillEnvironment(
  file: ServiceFile,
  environment: Readonly<Record<string, string | undefined>>,
): { file: ServiceFile; problems: Problem[] } {
  const valueOf = (name: string): string | undefined =>
    name.startsWith(PREFIX) ? environment[name.slice(PREFIX.length)] : undefined;
  const problems: Problem[] = [];
  visitTexts(file, [], (text, path) => {
    for (const name of placeholdersOf(text))
      if (name.startsWith(PREFIX) && valueOf(name) === undefined)
        problems.push({
          path,
          message: `the environment variable ${name.slice(PREFIX.length)} is not set; export it`,
        });
  });
  const fill = (text: string): string =>
    replacePlaceholders(text, (name) => valueOf(name)?.replaceAll("${", () => "$${"));
  return { file: mapTexts(file, fill), problems };
}
