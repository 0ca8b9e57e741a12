/** What clients gain and pay that subscribe to Supabase Realtime directly: each reason for or against it as a number that was measured. */
import type { RunResult } from "../../checker/run-result.ts";
import { formatBytes, formatCount, formatList, formatMs, formatPercent } from "../format.ts";
import { STEADY } from "../glossary.ts";
import { groupBy } from "../../../common/portable/group-by.ts";
import { conclusive, percentOf, worst } from "./phrases.ts";
import {
  bounceLabel,
  groupFigure,
  groupMedian,
  groupSpread,
  type RunGroup,
  shareOfDue,
  whenBounced,
} from "../summary/run-group.ts";
import { isDirect, isStandIn, topologyLabel } from "../realtime-implementation-note.ts";

/** The bounce that only topologies with Realtime have. */
export const OUTAGE: RunResult["bounce"] = "realtime-outage";

type Figure = (run: RunResult) => number | null;

/** Streams that the run's disturbances cut; a stream that was cut twice counts twice. Null when they were not counted. */
export const cutsOf: Figure = ({ bounces }) => sumOf(bounces.map(({ cut }) => cut));
const openOf: Figure = ({ bounces }) => sumOf(bounces.map(({ open }) => open));

const sumOf = (counts: readonly (number | null)[]): number | null => {
  const known = counts.filter((count) => count !== null);
  return known.length < counts.length ? null : known.reduce((sum, count) => sum + count, 0);
};

const p50: Figure = (run) => run.latencyMs?.p50 ?? null;
const p99: Figure = (run) => run.latencyMs?.p99 ?? null;

/** Every direct topology's findings, reason by reason. Empty where no topology has Realtime. */
export const realtimeFindings = (groups: readonly RunGroup[]): string[] => {
  const usable = conclusive(groups);
  const direct = usable.filter(isDirect);
  const others = usable.filter((group) => !isDirect(group));
  return [
    ...direct.filter((group) => group.bounce === STEADY).flatMap((group) => latencyFinding(group, others)),
    ...direct.filter((group) => group.bounce === OUTAGE).map(outageFinding),
    ...direct.flatMap((group) => bounceFinding(group, others)),
    ...limitFindings(direct),
    ...setUpFindings(direct),
  ];
};

/** Against every topology that lost nothing undisturbed: one that loses events carries less load. */
const latencyFinding = (group: RunGroup, others: readonly RunGroup[]): string[] => {
  if (groupSpread(group, p50) === null) return [];
  const shown = (of: RunGroup): string =>
    `${groupFigure(of, p50, formatMs)} (p50) and ${groupFigure(of, p99, formatMs)} (p99)`;
  const more = (of: RunGroup, figure: Figure): string => {
    const [mine, its] = [groupMedian(group, figure), groupMedian(of, figure)];
    const difference = mine - its;
    const sign = difference < 0 ? "-" : "+";
    return `${sign}${formatMs(Math.abs(difference))}${its > 0 ? ` (x ${(mine / its).toFixed(2)})` : ""}`;
  };
  const peers = others.filter(
    (other) =>
      other.bounce === STEADY && worst(other, (run) => run.lost) === 0 && groupSpread(other, p50) !== null,
  );
  const beside = peers.map(
    (peer) =>
      `against ${peer.topology} with ${shown(peer)} that is ${more(peer, p50)} and ${more(peer, p99)}`,
  );
  const standIn = isStandIn(group)
    ? " It was measured on a stand-in: its latency says nothing about Supabase."
    : "";
  return [
    `In steady state, the latency of ${topologyLabel(group)} was ${shown(group)}; ${beside.length === 0 ? "no topology without Realtime was measured beside it" : beside.join("; ")}.${standIn}`,
    ...hopFinding(group),
  ];
};

const hopFinding = (group: RunGroup): string[] => {
  const part = (figure: (hop: NonNullable<RunResult["brokerHop"]>) => number): string =>
    groupFigure(group, (run) => (run.brokerHop === null ? null : figure(run.brokerHop)), formatMs);
  if (group.measured.every((run) => run.brokerHop === null)) return [];
  return [
    `Of that, what was delivered waited ${part((hop) => hop.waitedMs.p50)} (p50) and ${part((hop) => hop.waitedMs.p99)} (p99) at its publisher, and ${part((hop) => hop.carriedMs.p50)} and ${part((hop) => hop.carriedMs.p99)} passed from there until the client had read it: the extra hop. (Percentiles of parts do not add up to those of the whole.)`,
  ];
};

const outageFinding = (group: RunGroup): string => {
  const cut =
    groupSpread(group, cutsOf) === null
      ? ""
      : ` ${groupFigure(group, cutsOf)} of ${groupFigure(group, openOf)} open streams were cut by it at once,`;
  const back = group.measured.every((run) => run.reconnects.timeTo100Ms !== null)
    ? `the last stream was back ${groupFigure(group, (run) => run.reconnects.timeTo100Ms, formatMs)} after it began`
    : "not all streams came back";
  return `Dependence: when Realtime went away under ${group.topology},${cut} ${percentOf(group, (run) => run.lossRatio)} of what was due was lost, and ${back}.`;
};

/** Of a bounce of the app: who was cut, what was lost, and what died all the same. */
const bounceFinding = (group: RunGroup, others: readonly RunGroup[]): string[] => {
  if (group.bounce === STEADY || group.bounce === OUTAGE) return [];
  const peers = others.filter((other) => other.bounce === group.bounce);
  const shown = (figure: Figure, format: (value: number | null) => string): string => {
    const known = peers.filter((peer) => groupSpread(peer, figure) !== null);
    const its = `${groupFigure(group, figure, format)} in ${group.topology}`;
    const theirs = known.map((peer) => `${groupFigure(peer, figure, format)} in ${peer.topology}`);
    return theirs.length === 0 ? its : `${its}, against ${formatList(theirs)}`;
  };
  const died =
    worst(group, (run) => run.neverPublished) > 0
      ? ` Its pipelines died with their instance all the same: ${percentOf(group, (run) => shareOfDue(run, run.neverPublished))} of what was due was never published.`
      : "";
  const cut = groupSpread(group, cutsOf) === null ? "" : `streams cut: ${shown(cutsOf, formatCount)}; `;
  return [
    `${whenBounced(group.bounce)}, ${cut}lost of what was due: ${shown((run) => run.lossRatio, formatPercent)}.${died}`,
  ];
};

const metLimits = (run: RunResult): boolean => run.quota !== null || run.lostByCause.quota > 0;

/** What limits did where they were met; where not, whose were in force. */
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
        ? `Limits: ${first.topology} had none in reach (plan none), so nothing here says what a plan of supabase.com would carry (${where}).`
        : `Limits: ${first.topology} met none of those of plan ${plansOf(first)} (${where}).`;
    }),
  ];
};

const limitFinding = (group: RunGroup): string => {
  const count = (
    figure: (quota: NonNullable<RunResult["quota"]>) => number,
    format: (value: number | null) => string = formatCount,
  ): string => groupFigure(group, (run) => (run.quota === null ? 0 : figure(run.quota)), format);
  const words = [...new Set(group.measured.flatMap((run) => run.quota?.words ?? []))].sort();
  const said = words.length === 0 ? "" : ` It said: ${words.map((word) => `"${word}"`).join(", ")}.`;
  return `Limits: ${whenBounced(group.bounce).toLowerCase()}, ${group.topology} met those of plan ${plansOf(group)}: ${count((quota) => quota.neverAdmitted)} of ${groupFigure(group, (run) => run.sessions)} sessions never got on, ${count((quota) => quota.refusedAttempts)} attempts at a stream were refused, ${count((quota) => quota.cutStreams)} streams were ended, events were held back for up to ${count((quota) => quota.heldBackMs, formatMs)} and ${count((quota) => quota.droppedEvents)} given up; ${percentOf(group, (run) => shareOfDue(run, run.lostByCause.quota))} of what was due was lost to quota.${said}`;
};

const plansOf = (group: RunGroup): string =>
  formatList([...new Set(group.runs.flatMap((run) => run.realtime?.plan ?? []))]);

/** What a page ships for it, and whether what a client missed could come back. */
const setUpFindings = (direct: readonly RunGroup[]): string[] =>
  groupBy(direct, (group) => group.topology).flatMap((same) => {
    const [{ topology }] = same;
    const facts = same.flatMap(({ measured }) => measured).flatMap(({ realtime }) => realtime ?? []);
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
        `${percentOf(group, (run) => shareOfDue(run, run.recovered))} of what was due ${whenBounced(group.bounce).toLowerCase()}`,
    );
    return [
      `Front-end: a page of ${topology} ships ${formatList(code)} of client code, realtime-js and the adaptation layer; for a browser's own EventSource it ships none.`,
      facts.every(({ catchUp }) => catchUp)
        ? `Catch-up: ${topology} ran with it: clients asked the event log for what they missed, and it brought back ${replayed.length === 0 ? "nothing, as nothing was missed" : formatList(replayed)}.`
        : `Catch-up: ${topology} ran without it: what was published while a client was away from Realtime stayed lost to it.`,
    ];
  });
