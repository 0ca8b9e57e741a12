/** A topology keeps its colour and its dashes in every chart of a page. */
import { SERIES_COLOURS, SERIES_DASHES } from "./chart-theme.ts";

/** Topologies in the order of the summary. */
export type TopologyScale = readonly string[];

const at = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

export const colourOf = (topologies: TopologyScale, topology: string): string =>
  at(SERIES_COLOURS, topologies.indexOf(topology));

/** Colour and dashes of lines, with one legend for both. */
export const topologyEncoding = (topologies: TopologyScale) => {
  const domain = [...topologies];
  const field = { field: "topology", type: "nominal" } as const;
  return {
    color: { ...field, scale: { domain, range: domain.map((_, i) => at(SERIES_COLOURS, i)) } },
    strokeDash: { ...field, scale: { domain, range: domain.map((_, i) => at(SERIES_DASHES, i)) } },
  };
};
