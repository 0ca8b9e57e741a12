/** report.md: the question, its answer, then the figures that the answer rests on. */
import { answerOf } from "../answer/answer.ts";
import { answerBlocks } from "../answer/answer-markdown.ts";
import type { RunResult } from "../../checker/run-result.ts";
import {
  affinityFindings,
  balanceFindings,
  directFindings,
} from "../findings/affinity-findings.ts";
import { costFindings, howCostsWereRead } from "../findings/cost-findings.ts";
import { costsTable, partsTable } from "../tables/cost-tables.ts";
import {
  bounceFindings,
  latencyFindings,
  reconnectFindings,
  loadFindings,
} from "../findings/detail-findings.ts";
import {
  deathFindings,
  steadyFindings,
  stuckFindings,
  unexplainedFindings,
} from "../findings/findings.ts";
import { capitalise, escapeMarkdown, formatList } from "../format.ts";
import { groupBy } from "../../../common/portable/group-by.ts";
import {
  BOUNCE_GLOSSARY,
  CAUSE_GLOSSARY,
  COST_GLOSSARY,
  OUTCOME_GLOSSARY,
  REALTIME_GLOSSARY,
  ROLE_GLOSSARY,
  SOURCE_GLOSSARY,
  VERDICT_GLOSSARY,
} from "../glossary.ts";
import type { Manifest } from "../summary/manifest.ts";
import { openingSections } from "./opening-sections.ts";
import { type Block, bullets, explained, glossary, section } from "./markdown-blocks.ts";
import { load, madeOf, measuredOn, question, verdictSentence } from "./markdown-head.ts";
import {
  affinityTable,
  bouncesTable,
  causesTable,
  comparisonTable,
  deployTable,
  gatesTable,
  latencyPartsTable,
  latencyTable,
  loadTable,
  outcomesTable,
  reconnectsTable,
  steadyTable,
  stuckTable,
} from "../tables/markdown-tables.ts";
import {
  deployLegend,
  hasHeadline,
  type Settings,
  STEADY_LEGEND,
} from "../tables/headline-columns.ts";
import { withoutLedgerSection } from "../without-ledger/section.ts";
import { lacksLedger } from "../without-ledger/sentences.ts";
import { newUserTable } from "../tables/new-user-table.ts";
import { missingSentence } from "../summary/missing-runs.ts";
import { realtimeFindings } from "../findings/realtime-findings.ts";
import { hopTable, setUpTable } from "../tables/realtime-tables.ts";
import { bounceLabel, groupRuns, type RunGroup } from "../summary/run-group.ts";
import { engineStandInSentence, standInSentence } from "../realtime-implementation-note.ts";
import type { Summary } from "../summary/summary.ts";
import { HOW_JUDGED, whichFits } from "../findings/which-fits.ts";

const sentence = (text: string): string => {
  const trimmed = capitalise(text.trim());
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
};

const reasons = (runs: readonly RunResult[]): Block => {
  const remarkable = runs.filter((run) => run.verdict !== "valid" || run.reasons.length > 0);
  const alike = groupBy(remarkable, (run) =>
    JSON.stringify([run.topology, run.bounce, run.verdict, run.reasons]),
  );
  return bullets(
    alike.map((same) => {
      const [{ topology, bounce, verdict, reasons: given }] = same;
      const repeats =
        `repeat${same.length > 1 ? "s" : ""} ` + formatList(same.map((run) => String(run.repeat)));
      const why = given.length > 0 ? given.map(sentence).join(" ") : "No reason was recorded.";
      return `${topology}, ${bounceLabel(bounce)}, ${repeats}: ${verdict}. ${why}`;
    }),
  );
};

const expectations = (runs: readonly RunResult[]): Block =>
  bullets(
    groupBy(runs, (run) => JSON.stringify([run.topology, run.expectation])).map((same) => {
      const [{ topology, expectation }] = same;
      const bounces = [...new Set(same.map((run) => bounceLabel(run.bounce)))];
      return `${topology} (${formatList(bounces)}): ${sentence(expectation)}`;
    }),
  );

/** Null if nothing was read, as in a summary older than costs. */
const costs = (summary: Summary, groups: readonly RunGroup[]): Block => {
  const { durationS } = summary.scenario;
  const table = costsTable(groups, durationS);
  if (table === null) return null;
  return section(
    "What each topology costs per 1,000 streams",
    howCostsWereRead(groups),
    table,
    bullets(costFindings(groups, durationS)),
    explained(
      "Each component as read: CPU over the whole load; memory before the load → at its peak. " +
        "Usage during bounces is in `summary.json`.",
      partsTable(groups),
    ),
  );
};

const headline = (groups: readonly RunGroup[], settings: Settings): Block[] => [
  section("Steady state", explained(STEADY_LEGEND, steadyTable(groups))),
  section(
    "What a deploy does",
    explained(deployLegend(settings, groups), deployTable(groups, settings)),
    explained("Streams that never received their last event, by reason:", stuckTable(groups)),
  ),
  section(
    "What a new user meets during the deploy",
    explained(
      "Steps that began while a bounce was under way; `otherwise`: in the rest of the run. " +
        "Failed: never got through. Times are from the first attempt to success.",
      newUserTable(groups),
    ),
  ),
];

/** Of results that are older than the headline. */
const COMPARISON_LEGEND =
  "Lost: share of published events that never arrived. Other shares are of due events. Never " +
  "published: the pipeline died first. Missed: everything that did not arrive. A stuck stream " +
  "never received its last event. p99 is the latency of delivered events. 100 % back is the " +
  "slowest stream's time from the start of the bounce that cut it until it was connected again.";

/**
 * The report as GitHub-flavoured Markdown.
 * @param manifest of the same run: versions, commit, server settings and command line are taken
 *   from it.
 */
export const renderReport = (summary: Summary, manifest: Manifest): string => {
  const { runs } = summary;
  const groups = groupRuns(runs);
  const fits = whichFits(groups);
  const missing = missingSentence(summary);
  const standIn = standInSentence(groups);
  const engineStandIn = engineStandInSentence(summary);
  const spread = runs.some((run) => run.repeat > 1)
    ? " Each figure is the mean of the repeats with its [95 % interval], or the single values " +
      "of two."
    : "";
  const blocks: Block[] = [
    `# ${question(summary)}`,
    ...answerBlocks(answerOf(summary)),
    `**Verdicts:** ${verdictSentence(summary)}`,
    ...[engineStandIn, standIn].map((note) =>
      note === null ? null : `**${escapeMarkdown(note)}**`,
    ),
    ...openingSections(summary),
    section(
      "Which topology fits",
      missing === null ? null : `**${escapeMarkdown(missing)}**`,
      bullets(fits),
      fits.length > 1 ? HOW_JUDGED : null,
    ),
    section(
      "What was lost",
      bullets([
        ...steadyFindings(groups),
        ...deathFindings(groups),
        ...stuckFindings(groups),
        ...unexplainedFindings(groups),
      ]),
    ),
    section("What was measured", load(summary), madeOf(manifest)),
    withoutLedgerSection(groups),
    ...(groups.every(lacksLedger)
      ? []
      : hasHeadline(groups)
        ? headline(groups, manifest.serverSettings)
        : [section("Comparison", explained(COMPARISON_LEGEND + spread, comparisonTable(groups)))]),
    section(
      "Supabase Realtime in numbers",
      bullets(realtimeFindings(groups)),
      explained("The set-up:", setUpTable(groups)),
      explained(
        "Latency in two parts. Waited: at the publisher, before the hand-over to Realtime. " +
          "Carried: from there until the client read the event.",
        hopTable(groups),
      ),
    ),
    section(
      "In detail",
      bullets([
        ...bounceFindings(groups),
        ...reconnectFindings(groups),
        ...latencyFindings(groups),
      ]),
    ),
    costs(summary, groups),
    section("Reasons and notes", reasons(runs)),
    section("What each topology promises", expectations(runs)),
    section("Every outcome", outcomesTable(groups)),
    section(
      "Causes of loss",
      explained("Lost pairs by cause. Rows without a loss are left out.", causesTable(groups)),
    ),
    section("Gates", gatesTable(groups)),
    section(
      "Latency",
      explained(
        "Delivered events only: a replayed event's delay would show the length of the outage.",
        latencyTable(groups),
      ),
      explained(
        "In its parts. Lateness: from the planned to the actual publication, the server's " +
          "timers. Delivery: from there to the read. `At most`: the engine's own lag hides it. " +
          "Replayed: from the publication to the arrival by a replay.",
        latencyPartsTable(groups),
      ),
      standIn === null ? null : escapeMarkdown(standIn),
    ),
    section(
      "Reconnects",
      explained(
        "Back: from the start of the bounce that cut a stream until it was connected again, " +
          "over all cuts. A dash means that some never came back. " +
          "Away: from a lost connection to the next confirmed one.",
        reconnectsTable(groups),
      ),
    ),
    section(
      "Affinity and balance",
      bullets([...affinityFindings(groups), ...balanceFindings(groups), ...directFindings(groups)]),
      explained(
        "Streams per instance by each session's first connection → by its last, i.e. before " +
          "and after a bounce. " +
          "On the fullest: the fullest instance's share of all streams.",
        affinityTable(groups),
      ),
    ),
    section(
      "Bounces",
      explained(
        "Times count from the start of the load. A loss belongs to the last bounce before " +
          "its publication.",
        bouncesTable(runs),
      ),
    ),
    section(
      "Can the load generator be trusted?",
      bullets(loadFindings(groups)),
      explained(
        "A saturated load generator would blame the topology for its own delay, so past its " +
          "limits a run is " +
          "unknown. If a bounce ended pipelines, the achieved rate is below the offered one: " +
          "dead pipelines publish nothing.",
        loadTable(groups),
      ),
    ),
    section(
      "Glossary",
      glossary("Outcomes and counts", OUTCOME_GLOSSARY),
      glossary("Causes of loss", CAUSE_GLOSSARY),
      glossary("Bounces", BOUNCE_GLOSSARY),
      glossary("Verdicts", VERDICT_GLOSSARY),
      runs.some((run) => run.realtime !== null)
        ? glossary("Supabase Realtime", REALTIME_GLOSSARY)
        : null,
      runs.some((run) => run.costs.length > 0)
        ? glossary("Costs", { ...COST_GLOSSARY, ...ROLE_GLOSSARY, ...SOURCE_GLOSSARY })
        : null,
    ),
    section(
      "How it was measured",
      measuredOn(summary, manifest),
      "`sse-lab report DIR` rebuilds this page, `summary.json` and `junit.xml` from the raw " +
        "history in DIR, " +
        "without measuring again. The command was:",
      `    ${manifest.commandLine
        .join(" ")
        .replaceAll(/[\s\p{Cc}]+/gu, " ")
        .trim()}`,
    ),
  ];
  return `${blocks.filter((block) => block !== null).join("\n\n")}\n`;
};
