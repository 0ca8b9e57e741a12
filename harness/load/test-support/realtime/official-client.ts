import type { WebSocketLikeConstructor } from "@supabase/realtime-js";
import WebSocket from "ws";
import type { OpenChannel } from "../../portable/realtime/channel.ts";
import {
  openRealtimeJsChannel,
  type RealtimeJsOptions,
} from "../../browser/realtime-js-channel.ts";

/** What a page has by itself and Node 20 has not. */
export const transport = WebSocket as unknown as WebSocketLikeConstructor;

/** The official client, on Node. */
export const openOfficialChannel = (options: RealtimeJsOptions = {}): OpenChannel =>
  openRealtimeJsChannel({ transport, ...options });
