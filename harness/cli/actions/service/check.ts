/** `sse-lab service check`: what a service file means, and whether a running instance fits it. */
import { UserError } from "../../../../common/user-error.ts";
import { checkTls } from "../../../platform/target/check-tls.ts";
import { explainService } from "../../../service/check/explain-service.ts";
import { tryService } from "../../../service/check/try-service.ts";
import { describeProblem } from "../../../service/problem.ts";
import { readServiceFile } from "../../../service/read-service-file.ts";
import { EXIT } from "../../exit.ts";

export interface ServiceCheckOptions {
  url?: string;
  events: string;
  patience: string;
}

const NAME_WIDTH = 12;
const BASE_URL = /^https?:\/\/[^/?#@\s]+(\/[^?#\s]*)?$/;

const line = (name: string, text: string): void => {
  process.stdout.write(`  ${name.padEnd(NAME_WIDTH)}${text}\n`);
};

/** @throws UserError with every mistake of the file, or with the flag, its value and the fix */
export async function checkService(path: string, options: ServiceCheckOptions): Promise<number> {
  const service = await readServiceFile(path, process.env);
  process.stdout.write(`${path} describes ${service.name}:\n`);
  for (const [name, meaning] of explainService(service)) line(name, meaning);
  const { url } = options;
  if (url === undefined) {
    process.stdout.write("\nTry it against a running instance: add --url http://127.0.0.1:PORT\n");
    return EXIT.valid;
  }
  if (!BASE_URL.test(url))
    throw new UserError(
      `--url ${url}: give scheme, host and port, like http://127.0.0.1:3000, without a query`,
    );
  await checkTls(url);
  process.stdout.write(`\nOne session at ${url}:\n`);
  const problem = await tryService(service, {
    url,
    events: whole("--events", options.events),
    patienceMs: whole("--patience", options.patience) * 1000,
    onStep: (step, what) => line(step, what),
  });
  if (problem === undefined) {
    process.stdout.write("\nIt fits.\n");
    return EXIT.valid;
  }
  process.stdout.write(`\nIt does not fit:\n${describeProblem(service.source, problem)}\n`);
  return EXIT.invalid;
}

function whole(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 10_000) return value;
  throw new UserError(`${flag} ${text}: give a whole number from 1 to 10000`);
}
