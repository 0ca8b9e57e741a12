import { RealtimeClient } from "@supabase/realtime-js";
import { vi, expect } from "vitest";
import { WebSocket } from "ws";
import type { PipelineSSEEvent, RealtimeAccess, RealtimePayload } from "../src/contract/events.ts";

/** A page that subscribes to its session's channel by the official client, and all that it got. */
export interface RealtimePage {
  statuses: string[];
  received: RealtimePayload[];
  /** Event ids in the order of their first arrival. */
  ids(): string[];
  close(): Promise<void>;
}

/** Subscribes with what `POST /api/sessions` answered, or with parts of it changed. */
export function openPage(access: RealtimeAccess): RealtimePage {
  const client = new RealtimeClient(access.url, {
    params: { apikey: access.apikey },
    transport: WebSocket as never,
    reconnectAfterMs: () => 100,
  });
  const statuses: string[] = [];
  const received: RealtimePayload[] = [];
  void client.setAuth(access.token);
  client
    .channel(access.topic, { config: { private: true } })
    .on("broadcast", { event: "*" }, ({ payload }) => received.push(payload as RealtimePayload))
    .subscribe((status, error) =>
      statuses.push(error === undefined ? status : `${status} ${error.message}`),
    );
  return {
    statuses,
    received,
    ids: () => [...new Set(received.map(({ event }) => eventId(event)))],
    close: async () => {
      await client.removeAllChannels();
    },
  };
}

/** As {@link openPage}, and waits until it is subscribed. */
export async function subscribedPage(access: RealtimeAccess): Promise<RealtimePage> {
  const page = openPage(access);
  await vi.waitFor(() => expect(page.statuses).toContain("SUBSCRIBED"), {
    timeout: 10_000,
    interval: 5,
  });
  return page;
}

export const eventId = ({ epoch, seq }: Pick<PipelineSSEEvent, "epoch" | "seq">): string =>
  `${epoch}-${seq}`;
