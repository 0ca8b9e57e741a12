/** Topology by bounce, readable without colour, each cell linked to its runs. */
import { killedLegend } from "../summary/killed-share.ts";
import { formatPercent, formatSeconds } from "../format.ts";
import { STEADY } from "../glossary.ts";
import {
  DARK,
  type Figure,
  figureMean,
  KILLED,
  repeatsOf,
  STUCK_LIVED_ON,
} from "../summary/figures.ts";
import { bounceLabel, groupMean, groupVerdict, type RunGroup } from "../summary/run-group.ts";
import { section } from "./blocks.ts";
import { html, type Html } from "./html.ts";
import { anchorOf, bouncesOf, type PageData } from "./page-data.ts";

/** The words of a level stand beside its sign, so that no colour is needed. */
const LEVELS = [
  { sign: "○", name: "nothing" },
  { sign: "◔", name: "little" },
  { sign: "◑", name: "some" },
  { sign: "◕", name: "much" },
  { sign: "●", name: "most" },
] as const;

/** Upper bounds of levels 0 to 3. */
const SHARES = [0, 0.01, 0.1, 0.5];
const DARK_S = [0, 0.05, 0.25, 1];

const levelIn = (bounds: readonly number[], value: number): number => {
  const level = bounds.findIndex((bound) => value <= bound);
  return level === -1 ? bounds.length : level;
};

interface Heat {
  level: number;
  main: string;
  beside: string;
}

const meanOr = (group: RunGroup, figure: Figure): number | null =>
  repeatsOf(group, figure).length === 0 ? null : figureMean(group, figure);

/** Null if nothing can be concluded. */
const heatOf = (group: RunGroup): Heat | null => {
  if (!group.trusted) return null;
  const killed = meanOr(group, KILLED);
  // Without a ledger, nothing tells which pipelines died.
  const untold = group.measured.some(({ withoutLedger }) => withoutLedger !== null);
  if (group.bounce === STEADY || killed === null || untold) {
    const isLoss = group.bounce === STEADY && !untold;
    const share = groupMean(group, (run) => (isLoss ? run.lossRatio : run.missedRatio));
    const what = isLoss ? "lost" : "missed";
    return { level: levelIn(SHARES, share), main: `${formatPercent(share)} ${what}`, beside: "" };
  }
  const dark = meanOr(group, DARK);
  const stuck = meanOr(group, STUCK_LIVED_ON) ?? 0;
  return {
    level: Math.max(levelIn(SHARES, Math.max(killed, stuck)), levelIn(DARK_S, dark ?? 0)),
    main: `${formatPercent(killed)} killed`,
    beside: [
      ...(dark === null ? [] : [`${formatSeconds(dark)} dark`]),
      `${formatPercent(stuck)} stuck`,
    ].join(", "),
  };
};

const cell = ({ summary }: PageData, group: RunGroup | undefined): Html => {
  const run = group?.measured[0];
  if (group === undefined || run === undefined) return html`<td class="none">not measured</td>`;
  const heat = heatOf(group);
  const others = group.runs.filter((one) => one !== run);
  const verdict = groupVerdict(group);
  const level = heat && LEVELS[heat.level];
  return html`<td class="${heat === null ? "heat-0" : `heat-${heat.level}`}">
    <a href="${`#${anchorOf(summary, run)}`}"
      ><strong
        >${level ? `${level.sign} ${level.name}: ${heat.main}` : "? cannot be trusted"}</strong
      >${heat?.beside ?? ""}${verdict === "valid" ? "" : ` (${verdict})`}</a
    >${
      others.length === 0
        ? null
        : html`<span class="repeats"
            >${others.map(
              (one) => html`<a href="${`#${anchorOf(summary, one)}`}">repeat ${one.repeat}</a>`,
            )}</span
          >`
    }
  </td>`;
};

export const heatSection = (data: PageData): Html => {
  const { groups, topologies } = data;
  const bounces = bouncesOf(groups);
  const caption = "Each topology under each bounce; a cell leads to its run";
  return section(
    "matrix",
    "Every topology under every bounce",
    html` <div class="scroll" role="region" aria-label="${caption}" tabindex="0">
        <table class="heat">
          <caption>
            ${caption}
          </caption>
          <thead>
            <tr>
              <th scope="col">topology</th>
              ${bounces.map((bounce) => html`<th scope="col">${bounceLabel(bounce)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${topologies.map(
              (topology) =>
                html` <tr>
                  <th scope="row">${topology}</th>
                  ${bounces.map((bounce) =>
                    cell(
                      data,
                      groups.find(
                        (group) => group.topology === topology && group.bounce === bounce,
                      ),
                    ),
                  )}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <p class="note">
        Killed: ${killedLegend(data.summary.runs)}. Dark: seconds of events that a stream loses,
        though its pipeline lives on. Stuck: streams without their last event, though their pipeline
        lived on. The sign shows the worst of them:
        ${LEVELS.map(({ sign, name }) => `${sign} ${name}`).join(", ")}.
      </p>`,
  );
};
