/**
 * `sse-lab doctor`: which tools are there, which will be fetched, what is missing and how to get
 * it.
 */
import pc from "picocolors";
import { inspectPulumi } from "../../../infra/toolchain/inspect-pulumi.ts";
import { K6_HELP } from "../../load/k6/k6-requirements.ts";
import { findK6 } from "../../load/k6/process/find-k6.ts";
import { UserError } from "../../../common/user-error.ts";
import { type DoctorCheck, runDoctorChecks } from "../../platform/doctor-checks.ts";
import { engineStandInLabel } from "../../report/realtime-implementation-note.ts";
import { choosePlatform } from "../options/choose-platform.ts";
import { wantsColour } from "../output/colour.ts";
import { EXIT } from "../exit.ts";
import { loadPlatforms } from "../options/platforms.ts";

export async function doctor(options: { json?: true }): Promise<number> {
  const checks = [...(await runDoctorChecks()), await k6Check(), ...(await platformChecks())];
  process.stdout.write(options.json ? `${JSON.stringify(checks, undefined, 2)}\n` : render(checks));
  return checks.some((check) => check.status === "missing") ? EXIT.unknown : EXIT.valid;
}

/** Is `--engine k6` possible here? Never "missing", because the lab has its own engine. */
async function k6Check(env: NodeJS.ProcessEnv = process.env): Promise<DoctorCheck> {
  const name = "k6";
  try {
    const { path, standIn, version, extension } = await findK6({ env, needsSse: true });
    const sse =
      extension === null
        ? "; it will fetch xk6-sse when a script asks for it"
        : ` with xk6-sse ${extension}`;
    const label = standIn === null ? "" : `${engineStandInLabel(standIn)}: `;
    const detail = `${label}${version}${sse}: ${path}`;
    return { name, status: standIn === null ? "ok" : "note", detail };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [problem, ...rest] = error.message.split("; ");
    const detail = `${problem ?? ""}; only --engine k6 needs it`;
    return { name, status: "note", detail, fix: rest.join("; ") || K6_HELP };
  }
}

/** Where Pulumi and its Docker plugin come from. The lab runs on host processes without them. */
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

/** Which platform `auto` selects here, and what is up on each. */
async function platformChecks(): Promise<DoctorCheck[]> {
  const { platform, reason } = await choosePlatform("auto");
  const checks: DoctorCheck[] = [
    await pulumiCheck(),
    { name: "platform auto", status: "note", detail: `selects ${platform.name}: ${reason}` },
  ];
  for (const one of await loadPlatforms()) {
    const { name } = one;
    const running = await one.findRunning().catch((error: unknown) => (error as Error).message);
    if (typeof running === "string") {
      checks.push({ name: `up on ${name}`, status: "note", detail: `unknown: ${running}` });
    } else if (running.length > 0) {
      const detail = running.map(({ id, url }) => `${id} at ${url}`).join(", ");
      checks.push({
        name: `up on ${name}`,
        status: "note",
        detail,
        fix: "remove it with make down",
      });
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
