/** The results that statements are judged from, if none is named. */
import { existsSync } from "node:fs";
import { fromRoot } from "../../common/paths.ts";

/** The first one that has a figure is taken. */
const FOLDERS = ["results/reference", "results/claims", "results/migrate", "results/faults"];

export const defaultResults = (): string[] =>
  FOLDERS.filter((folder) => existsSync(fromRoot(folder, "summary.json")));
