/** Each reason for or against direct subscriptions to Supabase Realtime, as a measured figure. */
import type { RunResult } from "../../checker/run-result.ts";
import { formatBytes, formatCount, formatList, formatMs, formatPercent } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { groupBy } from "../../../common/portable/group-by.ts";
import { conclusive, percentOf, worst } from "./phrases.ts";
import {
  bounceLabel,
  duringBounce,
  groupFigure,
  groupMean,
  groupSpread,
  type RunGroup,
  shareOfDue,
  whenBounced,
} from "../summary/run-group.ts";
import { isDirect, isStandIn, topologyLabel } from "../realtime-implementation-note.ts";

/** The bounce that only topologies with Realtime have. */
export const OUTAGE: RunResult["bounce"] = "realtime-outage";

type Figure = (run: RunResult) => number | null;

/**
 * Streams that the run's bounces cut; a stream cut twice counts twice. Null if they were not
 * counted.
 */
export const cutsOf: Figure = ({ bounces }) => sumOf(bounces.map(({ cut }) => cut));
const openOf: Figure = ({ bounces }) => sumOf(bounces.map(({ open }) => open));

const sumOf = (counts: readonly (number | null)[]): number | null => {
  const known = counts.filter((count) => count !== null);
  return known.length < counts.length ? null : known.reduce((sum, count) => sum + count, 0);
};

const p50: Figure = (run) => run.latencyMs?.p50 ?? null;
const p99: Figure = (run) => run.latencyMs?.p99 ?? null;

/** The findings on every direct topology, reason by reason. Empty without Realtime. */
export const realtimeFindings = (groups: readonly RunGroup[]): string[] => {
  const usable = conclusive(groups);
  const direct = usable.filter(isDirect);
  const others = usable.filter((group) => !isDirect(group));
  return [
    ...direct
      .filter((group) => group.bounce === STEADY)
      .flatMap((group) => latencyFinding(group, others)),
    ...direct.filter((group) => group.bounce === OUTAGE).map(outageFinding),
    ...direct.flatMap((group) => bounceFinding(group, others)),
    ...limitFindings(direct),
    ...setUpFindings(direct),
  ];
};

/**
 * Compared with every topology that lost nothing in steady state: one that loses events carries
 * less load.
 */
const latencyFinding = (group: RunGroup, others: readonly RunGroup[]): string[] => {
  if (groupSpread(group, p50) === null) return [];
  const shown = (of: RunGroup): string =>
    `${groupFigure(of, p50, formatMs)} (p50) and ${groupFigure(of, p99, formatMs)} (p99)`;
  const more = (of: RunGroup, figure: Figure): string => {
    const [mine, its] = [groupMean(group, figure), groupMean(of, figure)];
    const difference = mine - its;
    const sign = difference < 0 ? "-" : "+";
    return `${sign}${formatMs(Math.abs(difference))}${its > 0 ? ` (x ${(mine / its).toFixed(2)})` : ""}`;
  };
  const peers = others.filter(
    (other) =>
      other.bounce === STEADY &&
      worst(other, (run) => run.lost) === 0 &&
      groupSpread(other, p50) !== null,
  );
  const beside = peers.map(
    (peer) =>
      `Compared with ${peer.topology}, at ${shown(peer)}, that is ${more(peer, p50)} and ` +
      `${more(peer, p99)}.`,
  );
  const standIn = isStandIn(group)
    ? " A stand-in was measured, so this latency says nothing about Supabase."
    : "";
  return [
    `In steady state, the latency of ${topologyLabel(group)} was ${shown(group)}. ` +
      (beside.length === 0
        ? "No topology without Realtime was measured beside it."
        : beside.join(" ")) +
      standIn,
    ...hopFinding(group),
  ];
};

const hopFinding = (group: RunGroup): string[] => {
  const part = (figure: (hop: NonNullable<RunResult["brokerHop"]>) => number): string =>
    groupFigure(group, (run) => (run.brokerHop === null ? null : figure(run.brokerHop)), formatMs);
  if (group.measured.every((run) => run.brokerHop === null)) return [];
  return [
    `Of that, events waited ${part((hop) => hop.waitedMs.p50)} (p50) and ` +
      `${part((hop) => hop.waitedMs.p99)} (p99) at the publisher. ` +
      `The extra hop to the client took ${part((hop) => hop.carriedMs.p50)} and ` +
      `${part((hop) => hop.carriedMs.p99)}. (Percentiles of parts do not add up to those ` +
      "of the whole.)",
  ];
};

const outageFinding = (group: RunGroup): string => {
  const cut =
    groupSpread(group, cutsOf) === null
      ? ""
      : ` cut ${groupFigure(group, cutsOf)} of ${groupFigure(group, openOf)} open streams and`;
  const back = group.measured.every((run) => run.reconnects.timeTo100Ms !== null)
    ? "The last stream was back " +
      `${groupFigure(group, (run) => run.reconnects.timeTo100Ms, formatMs)} after its start.`
    : "Some streams never came back.";
  const lost = percentOf(group, (run) => run.lossRatio);
  return (
    `Dependence: an outage of Realtime in ${group.topology}${cut} lost ${lost} of published ` +
    `events. ${back}`
  );
};

/** For a bounce of the app: which streams were cut, what was lost, and what died regardless. */
const bounceFinding = (group: RunGroup, others: readonly RunGroup[]): string[] => {
  if (group.bounce === STEADY || group.bounce === OUTAGE) return [];
  const peers = others.filter((other) => other.bounce === group.bounce);
  const shown = (figure: Figure, format: (value: number | null) => string): string => {
    const known = peers.filter((peer) => groupSpread(peer, figure) !== null);
    const its = `${groupFigure(group, figure, format)} in ${group.topology}`;
    const theirs = known.map((peer) => `${groupFigure(peer, figure, format)} in ${peer.topology}`);
    return theirs.length === 0 ? its : `${its}, compared with ${formatList(theirs)}`;
  };
  const died =
    worst(group, (run) => run.neverPublished) > 0
      ? " Its pipelines still died with their instance: " +
        `${percentOf(group, (run) => shareOfDue(run, run.neverPublished))} of due events ` +
        "were never published."
      : "";
  const cut =
    groupSpread(group, cutsOf) === null ? "" : `streams cut: ${shown(cutsOf, formatCount)}; `;
  return [
    `${whenBounced(group.bounce)}, ${cut}share lost: ` +
      `${shown((run) => run.lossRatio, formatPercent)}.${died}`,
  ];
};

const metLimits = (run: RunResult): boolean => run.quota !== null || run.lostByCause.quota > 0;

/** What limits did if they were exceeded; otherwise which were in force. */
const limitFindings = (direct: readonly RunGroup[]): string[] => {
  const met = direct.filter((group) => group.measured.some(metLimits));
  const unmet = groupBy(
    direct.filter((group) => !met.includes(group)),
    (group) => JSON.stringify([group.topology, plansOf(group)]),
  );
  return [
    ...met.map(limitFinding),
    ...unmet.map((alike) => {
      const [first] = alike;
      const where = formatList(alike.map((group) => bounceLabel(group.bounce)));
      return plansOf(first) === "none"
        ? `Limits: ${first.topology} ran without any (plan none, ${where}), so nothing here shows ` +
            "what a supabase.com plan can carry."
        : `Limits: ${first.topology} stayed within plan ${plansOf(first)} (${where}).`;
    }),
  ];
};

const limitFinding = (group: RunGroup): string => {
  const count = (
    figure: (quota: NonNullable<RunResult["quota"]>) => number,
    format: (value: number | null) => string = formatCount,
  ): string => groupFigure(group, (run) => (run.quota === null ? 0 : figure(run.quota)), format);
  const words = [...new Set(group.measured.flatMap((run) => run.quota?.words ?? []))].sort();
  const messages =
    words.length === 0 ? "" : ` Its messages: ${words.map((word) => `"${word}"`).join(", ")}.`;
  const [admitted, attempts, cut, held, dropped] = [
    count((quota) => quota.neverAdmitted),
    count((quota) => quota.refusedAttempts),
    count((quota) => quota.cutStreams),
    count((quota) => quota.heldBackMs, formatMs),
    count((quota) => quota.droppedEvents),
  ];
  return (
    `Limits: ${duringBounce(group.bounce)}, ${group.topology} exceeded plan ${plansOf(group)}. ` +
    `${admitted} of ${groupFigure(group, (run) => run.sessions)} sessions never got a stream, ` +
    `${attempts} connection attempts were refused, and ${cut} streams were cut. ` +
    `Publishers held events back for up to ${held} and dropped ${dropped}. ` +
    `Lost to quota: ${percentOf(group, (run) => shareOfDue(run, run.lostByCause.quota))} ` +
    `of due events.${messages}`
  );
};

const plansOf = (group: RunGroup): string =>
  formatList([...new Set(group.runs.flatMap((run) => run.realtime?.plan ?? []))]);

/** The client code that a page ships, and whether clients could fetch missed events. */
const setUpFindings = (direct: readonly RunGroup[]): string[] =>
  groupBy(direct, (group) => group.topology).flatMap((same) => {
    const [{ topology }] = same;
    const facts = same
      .flatMap(({ measured }) => measured)
      .flatMap(({ realtime }) => realtime ?? []);
    const code = [
      ...new Set(
        facts.map(
          ({ frontEnd }) =>
            `${formatBytes(frontEnd.minifiedBytes)} (${formatBytes(frontEnd.gzippedBytes)} gzipped)`,
        ),
      ),
    ];
    const recovered = same.filter((group) => worst(group, (run) => run.recovered) > 0);
    const replayed = recovered.map(
      (group) =>
        `${percentOf(group, (run) => shareOfDue(run, run.recovered))} of due events ` +
        duringBounce(group.bounce),
    );
    return [
      `Front-end: a page of ${topology} ships ${formatList(code)} of client code ` +
        "(realtime-js and the adaptation layer); the browser's EventSource needs none.",
      facts.every(({ catchUp }) => catchUp)
        ? `Catch-up: clients of ${topology} fetched missed events from the event log, which ` +
          "recovered " +
          `${replayed.length === 0 ? "nothing, as nothing was missed" : formatList(replayed)}.`
        : `Catch-up: ${topology} ran without it, so events published while a client was ` +
          "disconnected stayed lost.",
    ];
  });
