import { Option } from "commander";
import { PROFILES } from "../../service/profiles/profiles.ts";
import type { Declare } from "../declare-command.ts";

const DEFAULT_FILE = "sse-lab.service.yaml";

export const declareService: Declare = (command, perform) => {
  command
    .description("Describes a service of yours in a file, so that the lab can measure it.")
    .addHelpText("after", HELP);
  command
    .command("check")
    .copyInheritedSettings(command)
    .argument("[file]", "service file", DEFAULT_FILE)
    .summary("explain a service file, and try it against a running instance")
    .description(
      "Says what the lab understood of a service file. With --url it follows one session of a " +
        "running instance, step by step, and names the first thing that does not fit: line, key " +
        "and fix.",
    )
    .option("--url <url>", "base URL of a running instance")
    .option("--events <n>", "events that the start asks for (${load.events})", "10")
    .option("--patience <seconds>", "how long to wait for each answer and event", "10")
    .addHelpText("after", CHECK_HELP)
    .action(perform(async () => (await import("../actions/service/check.ts")).checkService));
  command
    .command("init")
    .copyInheritedSettings(command)
    .summary("write a commented service file")
    .description(
      "Writes a commented service file from a profile. On a terminal it asks for what no flag " +
        "says; elsewhere the profile's own values stay.",
    )
    .addOption(new Option("--profile <name>", "what it is like").choices(PROFILES))
    .option("--out <file>", "where to write it", DEFAULT_FILE)
    .option("--name <name>", "name of the service in reports")
    .option("--command <command>", "starts an instance on this machine")
    .option("--ready <path>", "path that answers 2xx once an instance can serve")
    .option("--session <request>", 'begins a session, like "POST /jobs"')
    .option("--stream <request>", 'opens the stream, like "GET /jobs/${session.id}/events"')
    .option("--start <request>", "starts the work")
    .option("--terminal <event>", "name of the last event")
    .option("--force", "overwrite an existing file")
    .addHelpText("after", INIT_HELP)
    .action(perform(async () => (await import("../actions/service/init.ts")).initService));
};

const HELP = `
Example:
  sse-lab service init --profile numbered && sse-lab service check --url http://127.0.0.1:3000`;

const CHECK_HELP = `
Example:
  sse-lab service check sse-lab.service.yaml --url http://127.0.0.1:3000

Exit code: 0 it fits (without --url: it can be read), 1 it does not fit, 2 bad input.`;

const INIT_HELP = `
Example:
  sse-lab service init --profile numbered --name jobs --stream 'GET /jobs/\${session.id}/stream'

Exit code: 0 written, 2 bad input.`;
