import type { Document } from "yaml";
import { readText } from "../../../common/files/read-text.ts";
import { profilePath, type ProfileName } from "../profiles/profiles.ts";
import { checkSource, parseSource } from "../read-service-file.ts";

/** What a new service file says otherwise than its profile. */
export interface FileAnswers {
  name?: string;
  command?: string;
  ready?: string;
  session?: string;
  stream?: string;
  start?: string;
  terminal?: string;
}

/** Where each answer stands in the file. */
const PLACES: Readonly<Record<keyof FileAnswers, readonly string[]>> = {
  name: ["name"],
  command: ["run", "command"],
  ready: ["run", "ready"],
  session: ["session", "request"],
  stream: ["stream", "request"],
  start: ["start", "request"],
  terminal: ["events", "terminal"],
};

/** The profile's own answers; those that it does not have are empty. */
export async function profileAnswers(profile: ProfileName): Promise<Required<FileAnswers>> {
  const { document } = parseSource(profile, await readText(profilePath(profile)));
  const textAt = (place: readonly string[]): string => {
    const value: unknown = document.getIn(place);
    return typeof value === "string" ? value : "";
  };
  const [name, command, ready, session, stream, start] = [
    PLACES.name,
    PLACES.command,
    PLACES.ready,
    PLACES.session,
    PLACES.stream,
    PLACES.start,
  ].map(textAt) as [string, string, string, string, string, string];
  const first: unknown = document.getIn([...PLACES.terminal, 0]);
  const terminal = typeof first === "string" ? first : "";
  return { name, command, ready, session, stream, start, terminal };
}

/**
 * A commented service file.
 * @param path for messages
 * @throws UserError with one line for each answer that is not possible
 */
export async function fileFromProfile(
  path: string,
  profile: ProfileName,
  answers: FileAnswers,
): Promise<string> {
  const { document } = parseSource(path, await readText(profilePath(profile)));
  for (const key of Object.keys(PLACES) as (keyof FileAnswers)[]) {
    const answer = answers[key];
    if (answer !== undefined) setAnswer(document, key, answer);
  }
  if (document.hasIn(["run"]) && !document.hasIn(PLACES.ready)) document.setIn(PLACES.ready, "/");
  const text = document.toString({ lineWidth: 100 });
  checkSource(parseSource(path, text));
  return text;
}

function setAnswer(document: Document, key: keyof FileAnswers, answer: string): void {
  document.setIn(PLACES[key], key === "terminal" ? document.createNode([answer]) : answer);
}
