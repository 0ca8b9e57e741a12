/** `sse-lab doctor`: which tools are there, which will be fetched, what is missing and how to get it. */
import type { Command } from "commander";
import pc from "picocolors";
import { inspectPulumi } from "../../../infra/toolchain/inspect-pulumi.ts";
import { findK6, K6_HELP, standInOf } from "../../load/k6/process/find-k6.ts";
import { UserError } from "../../../common/user-error.ts";
import { type DoctorCheck, runDoctorChecks } from "../../platform/doctor-checks.ts";
import { engineStandInLabel } from "../../report/realtime-implementation-note.ts";
import { choosePlatform } from "../options/choose-platform.ts";
import { wantsColour } from "../output/colour.ts";
import { EXIT } from "../exit.ts";
import { loadPlatforms } from "../options/platforms.ts";

export function addDoctor(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("doctor")
    .summary("say which tools are there, which will be fetched, what is missing")
    .description(
      "Looks at everything that the lab needs. Fetches and changes nothing. Exit code 2 when something is missing.",
    )
    .option("--json", "print the checks as JSON")
    .action(async (options: { json?: true }) => {
      const checks = [...(await runDoctorChecks()), await k6Check(), ...(await platformChecks())];
      process.stdout.write(options.json ? `${JSON.stringify(checks, undefined, 2)}\n` : render(checks));
      setExitCode(checks.some((check) => check.status === "missing") ? EXIT.unknown : EXIT.valid);
    });
}

/** Whether `--engine k6` can be had. The lab has an engine of its own, so nothing of k6 is ever missing. */
export async function k6Check(env: NodeJS.ProcessEnv = process.env): Promise<DoctorCheck> {
  const name = "k6";
  try {
    const found = await findK6({ env, needsSse: true });
    const standIn = standInOf(found);
    const sse =
      found.extension === null
        ? "; it will fetch xk6-sse when a script asks for it"
        : ` with xk6-sse ${found.extension}`;
    const detail = `${standIn === null ? "" : `${engineStandInLabel(standIn)}: `}${found.version}${sse}: ${found.path}`;
    return { name, status: standIn === null ? "ok" : "note", detail };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [problem, ...rest] = error.message.split("; ");
    const detail = `${problem ?? ""}; only --engine k6 needs it`;
    return { name, status: "note", detail, fix: rest.join("; ") || K6_HELP };
  }
}

/** Where Pulumi and its Docker plugin come from. The lab works without them, on host processes. */
async function pulumiCheck(): Promise<DoctorCheck> {
  const { status, detail, fix } = await inspectPulumi();
  const needed = status === "ok" ? "" : "; only platform docker needs it";
  return {
    name: "pulumi",
    status: status === "missing" ? "note" : status,
    detail: `${detail}${needed}`,
    ...(fix === undefined ? {} : { fix }),
  };
}

/** Which platform `auto` takes here, and what is kept running on each. */
async function platformChecks(): Promise<DoctorCheck[]> {
  const { platform, reason } = await choosePlatform("auto");
  const checks: DoctorCheck[] = [
    await pulumiCheck(),
    { name: "platform auto", status: "note", detail: `takes ${platform.name}: ${reason}` },
  ];
  for (const one of await loadPlatforms()) {
    const { name } = one;
    const kept = await one.findRunning().catch((error: unknown) => (error as Error).message);
    if (typeof kept === "string") {
      checks.push({ name: `up on ${name}`, status: "note", detail: `cannot be told: ${kept}` });
    } else if (kept.length > 0) {
      const detail = kept.map(({ id, url }) => `${id} at ${url}`).join(", ");
      checks.push({ name: `up on ${name}`, status: "note", detail, fix: "make down removes it" });
    }
  }
  return checks;
}

function render(checks: readonly DoctorCheck[]): string {
  const colours = pc.createColors(wantsColour(process.stdout));
  const paint = {
    ok: colours.green,
    "will-fetch": colours.cyan,
    "will-build": colours.cyan,
    missing: colours.red,
    note: colours.yellow,
  };
  const width = Math.max(...checks.map((check) => check.name.length));
  return checks
    .map(({ name, status, detail, fix }) => {
      const line = `${paint[status](status.padEnd(10))} ${name.padEnd(width)}  ${detail}\n`;
      return fix === undefined ? line : `${line}${" ".repeat(width + 13)}fix: ${fix}\n`;
    })
    .join("");
}
