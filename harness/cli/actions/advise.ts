/** `sse-lab advise`: what a day would cost with each topology, and which of them fits. */
import { UserError } from "../../../common/user-error.ts";
import { advise } from "../../report/advise/advise.ts";
import { renderAdvice } from "../../report/advise/advise-markdown.ts";
import { type HostName, HOSTS } from "../../report/advise/hosts.ts";
import { EXIT } from "../exit.ts";
import { type EstimateOptions, readWanted, withoutFigures } from "./estimate.ts";

interface AdviseOptions extends EstimateOptions {
  host: HostName;
  toleratedLoss: string;
}

/** @throws UserError naming flag, value and fix, or when the result lacks the figures */
export async function adviseFrom(
  named: string | undefined,
  options: AdviseOptions,
): Promise<number> {
  const toleratedLoss = shareOf(options.toleratedLoss);
  const { path, summary, wanted } = await readWanted(named, options);
  const asked = { ...wanted, host: HOSTS[options.host], toleratedLoss };
  const advice = advise(summary, asked);
  if (advice.length === 0) throw withoutFigures(path, options.bounce);
  const text = options.json
    ? JSON.stringify({ result: path, asked, advice }, undefined, 2)
    : renderAdvice(advice, asked, { path, summary });
  process.stdout.write(`${text}\n`);
  return EXIT.valid;
}

/** Of a percentage, with or without its sign. */
const shareOf = (text: string): number => {
  const [, number = ""] = /^([0-9.]+)\s*%?$/.exec(text.trim()) ?? [];
  const share = Number(number) / 100;
  if (number !== "" && Number.isFinite(share) && share <= 1) return share;
  throw new UserError(`--tolerated-loss is "${text}": give a percentage, such as 0.01%`);
};
