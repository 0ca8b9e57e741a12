import type { Response } from "express";
import { REPLAY_GAP_EVENT, type ReplayGap, type ResumeStatus } from "../../contract/events.ts";
import type { SseStream } from "../streams/sse-stream.ts";
import type { StreamSink } from "./follower.ts";
import type { RedisStreamsBroadcaster } from "./redis-streams-broadcaster.ts";

export interface FollowedStream {
  sessionId: string;
  lastEventId: string | undefined;
  originId: string;
  stream: SseStream;
  res: Response;
  notice: (status: ResumeStatus) => string;
}

/** Opens the stream where the client left off, and says what is missing. */
export async function followLog(
  broadcaster: RedisStreamsBroadcaster,
  { sessionId, lastEventId, originId, stream, res, notice }: FollowedStream,
): Promise<void> {
  const left = new AbortController();
  res.on("close", () => left.abort());
  const sink: StreamSink = {
    event: (event) => stream.event(event),
    gap: (gap) => stream.control(gapMessage(gap)),
    writable: () => stream.writable(),
  };
  const opened = await broadcaster.openStream(sessionId, lastEventId, originId, sink, left.signal);
  if (opened === undefined) return;
  const { gap, id } = opened;
  const status = lastEventId === undefined ? "none" : "replayed";
  stream.open(`id: ${id}\n${notice(gap?.reason ?? status)}`);
  if (gap !== undefined) sink.gap(gap);
  opened.begin();
}

const gapMessage = (gap: ReplayGap): string =>
  `id: ${gap.resumesAfter}\nevent: ${REPLAY_GAP_EVENT}\ndata: ${JSON.stringify(gap)}\n\n`;
