/** What an event says about its publication. Milliseconds, on one clock. */
export interface SeenPublication {
  seq: number;
  intendedMs: number;
  publishedMs: number;
  /** The instance that published it. */
  instance: string;
}

/**
 * What must have been published in one pipeline run, as told by the events of it that arrived:
 * these, and all before the highest of them, because a run publishes in order. Of what is missing
 * in between, the times are guessed: evenly between its neighbours, and before the lowest at the
 * plan's rate. What comes after the highest may or may not have been published: only a ledger can
 * tell.
 * @param seen in any order; of one number, the first counts
 * @param intervalMs between two events by the plan
 * @returns one for each number from 1 to the highest, in order
 */
export function inferPublications(
  seen: readonly SeenPublication[],
  intervalMs: number,
): readonly SeenPublication[] {
  const inferred: SeenPublication[] = [];
  for (const next of bySeq(seen)) {
    const last = inferred[inferred.length - 1];
    if (next.seq === last?.seq) continue;
    const gap = next.seq - (last?.seq ?? 0);
    for (let step = 1; step < gap; step++) {
      const seq = next.seq - gap + step;
      const publishedMs =
        last === undefined
          ? next.publishedMs - (next.seq - seq) * intervalMs
          : last.publishedMs + ((next.publishedMs - last.publishedMs) * step) / gap;
      inferred.push({
        seq,
        // It was not seen, so its lateness is unknown and counts as 0.
        intendedMs: publishedMs,
        publishedMs,
        instance: (last ?? next).instance,
      });
    }
    inferred.push(next);
  }
  return inferred;
}

/** Stable, so that of one number the first stays first. */
const bySeq = (seen: readonly SeenPublication[]): SeenPublication[] =>
  [...seen].sort((a, b) => a.seq - b.seq);
