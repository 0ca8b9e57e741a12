import { isObject, type JsonObject } from "../json-object.ts";
import { mayAccess } from "../policy.ts";
import type { TenantSocket } from "../tenant.ts";
import { Channel, noReadPermission, type ChannelSocket } from "./channel.ts";
import type { ClientMessage } from "./frame-codec.ts";

/** The operations that a join needs of its socket. */
export interface JoiningSocket extends ChannelSocket, TenantSocket {
  /** `apikey` of the handshake: the token of a join that has none. */
  readonly token: string;
  readonly channelCount: number;
}

export type JoinResult =
  { ok: true; channel: Channel } | { ok: false; reason: string; disconnect?: boolean };

const WIRE_PREFIX = "realtime:";

/**
 * Returns a channel that is not open yet, or the reason of the refusal, in the order and words of
 * supabase/realtime 2.129.8 (`realtime_channel.ex`, `join/3`). A field of the wrong type counts as
 * absent.
 */
export async function joinChannel(
  socket: JoiningSocket,
  { topic, joinRef, payload }: ClientMessage,
): Promise<JoinResult> {
  const { tenant } = socket;
  const subTopic = topic.slice(WIRE_PREFIX.length);
  if (subTopic === "") return refuse("TopicNameRequired: You must provide a topic name");
  const config = part(payload, "config");
  const broadcast = part(config, "broadcast");
  const isPrivate = config["private"] === true;

  if (tenant.isFull && !tenant.users.has(socket))
    return refuse("ConnectionRateLimitReached: Too many connected users");
  if (tenant.joins.triggered)
    return { ...refuse("ClientJoinRateLimitReached: Too many joins per second"), disconnect: true };
  tenant.joins.count();
  if (socket.channelCount >= tenant.maxChannelsPerClient)
    return refuse("ChannelRateLimitReached: Too many channels");

  const given = isObject(payload) ? payload["access_token"] : undefined;
  const token = typeof given === "string" ? given : socket.token;
  const check = await tenant.verifier.check(token);
  if (!check.ok) return refuse(check.problem.join);
  const { claims } = check;
  if (isPrivate && !mayAccess(claims, subTopic, "read"))
    return refuse(`Unauthorized: ${noReadPermission(subTopic)}`);
  const [ack, self] = [broadcast["ack"] === true, broadcast["self"] === true];
  const channel = new Channel(socket, { subTopic, joinRef, isPrivate, ack, self, token, claims });
  return { ok: true, channel };
}

const refuse = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });

function part(object: unknown, name: string): JsonObject {
  const value = isObject(object) ? object[name] : undefined;
  return isObject(value) ? value : {};
}
