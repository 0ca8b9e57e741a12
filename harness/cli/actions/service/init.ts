/** `sse-lab service init`: writes a service file from a profile. */
import { writeFile } from "node:fs/promises";
import { createInterface, type Interface } from "node:readline/promises";
import { UserError } from "../../../../common/user-error.ts";
import {
  fileFromProfile,
  profileAnswers,
  type FileAnswers,
} from "../../../service/init/file-from-profile.ts";
import { PROFILES, type ProfileName } from "../../../service/profiles/profiles.ts";
import { EXIT } from "../../exit.ts";

export interface ServiceInitOptions extends FileAnswers {
  profile?: ProfileName;
  out: string;
  force?: true;
}

const DEFAULT_PROFILE: ProfileName = "numbered";

const QUESTIONS: Readonly<Record<keyof FileAnswers, string>> = {
  name: "Name of the service in reports",
  command: "Command that starts an instance here",
  ready: "Path that answers 2xx once it can serve",
  session: "Request that begins a session",
  stream: "Request that opens the stream",
  start: "Request that starts the work",
  terminal: "Name of the last event",
};

/** @throws UserError with one line for each value that is not possible */
export async function initService({
  profile: asked,
  out,
  force,
  ...given
}: ServiceInitOptions): Promise<number> {
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const { profile, answers } =
    isTerminal && asked === undefined
      ? await askOnTerminal(given)
      : { profile: asked ?? DEFAULT_PROFILE, answers: given };
  const text = await fileFromProfile(out, profile, answers);
  try {
    await writeFile(out, text, { flag: force === true ? "w" : "wx" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === "EEXIST"
        ? `${out} is there already: give another --out, or --force to overwrite it`
        : `${out} cannot be written (${code ?? String(error)}): give another --out`,
    );
  }
  process.stdout.write(
    `wrote ${out}, from the profile ${profile}\n` +
      "next: edit it, start your service, and run\n" +
      `  npx sse-lab service check ${out} --url http://127.0.0.1:PORT\n`,
  );
  return EXIT.valid;
}

async function askOnTerminal(
  given: FileAnswers,
): Promise<{ profile: ProfileName; answers: FileAnswers }> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await ask(terminal, given);
  } finally {
    terminal.close();
  }
}

/** An empty line keeps the profile's own value. */
async function ask(
  terminal: Interface,
  given: FileAnswers,
): Promise<{ profile: ProfileName; answers: FileAnswers }> {
  const profile = await askProfile(terminal);
  const defaults = await profileAnswers(profile);
  const answers: FileAnswers = { ...given };
  for (const key of Object.keys(QUESTIONS) as (keyof FileAnswers)[]) {
    // What the profile does not have, this kind of service does not need.
    const optional = key === "name" || key === "command";
    if (given[key] !== undefined || (defaults[key] === "" && !optional)) continue;
    const answer = await terminal.question(`${QUESTIONS[key]} [${defaults[key]}]: `);
    if (answer.trim() !== "") answers[key] = answer.trim();
  }
  return { profile, answers };
}

async function askProfile(terminal: Interface): Promise<ProfileName> {
  for (;;) {
    const answer = await terminal.question(
      `What is it like: ${PROFILES.join(", ")} [${DEFAULT_PROFILE}]: `,
    );
    const found = PROFILES.find((name) => name === (answer.trim() || DEFAULT_PROFILE));
    if (found !== undefined) return found;
    process.stdout.write(`${answer.trim()} is no profile.\n`);
  }
}
