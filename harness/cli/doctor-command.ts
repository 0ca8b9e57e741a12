/** `sse-lab doctor`: which tools are there, which will be fetched, what is missing and how to get it. */
import type { Command } from "commander";
import pc from "picocolors";
import { type DoctorCheck, runDoctorChecks } from "../platform/doctor-checks.ts";
import { wantsColour } from "./colour.ts";
import { EXIT } from "./exit.ts";

export function addDoctor(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("doctor")
    .summary("say which tools are there, which will be fetched, what is missing")
    .description(
      "Looks at everything that the lab needs. Fetches and changes nothing. Exit code 2 when something is missing.",
    )
    .option("--json", "print the checks as JSON")
    .action(async (options: { json?: true }) => {
      const checks = await runDoctorChecks();
      process.stdout.write(options.json ? `${JSON.stringify(checks, undefined, 2)}\n` : render(checks));
      setExitCode(checks.some((check) => check.status === "missing") ? EXIT.unknown : EXIT.valid);
    });
}

function render(checks: readonly DoctorCheck[]): string {
  const colours = pc.createColors(wantsColour(process.stdout));
  const paint = { ok: colours.green, "will-fetch": colours.cyan, missing: colours.red, note: colours.yellow };
  const width = Math.max(...checks.map((check) => check.name.length));
  return checks
    .map(({ name, status, detail, fix }) => {
      const line = `${paint[status](status.padEnd(10))} ${name.padEnd(width)}  ${detail}\n`;
      return fix === undefined ? line : `${line}${" ".repeat(width + 13)}fix: ${fix}\n`;
    })
    .join("");
}
