import { Channel, noReadPermission, type ChannelSocket } from "./channel.ts";
import type { ClientMessage } from "./frame-codec.ts";
import { isObject, type JsonObject } from "./json-object.ts";
import type { ChannelPolicy } from "./policy.ts";
import type { TenantSocket } from "./tenant.ts";
import {
  BAD_SIGNATURE,
  expiredText,
  INVALID_JWT,
  MISSING_CLAIMS,
  NO_SIGNER,
  type TokenProblem,
} from "./tokens.ts";

/** The socket, as a join sees it. */
export interface JoiningSocket extends ChannelSocket, TenantSocket {
  /** `apikey` of the handshake: the token of every channel that brings none. */
  readonly token: string;
  readonly channelCount: number;
}

export type JoinResult =
  { ok: true; channel: Channel; presence: boolean } | { ok: false; reason: string; disconnect?: boolean };

const WIRE_PREFIX = "realtime:";

/**
 * Makes a channel that is still to be opened, or says why not. Order and words are those of supabase/realtime 2.129.8 (`realtime_channel.ex`, `join/3`).
 * A part of the payload that has the wrong type counts as absent.
 */
export async function joinChannel(
  socket: JoiningSocket,
  message: ClientMessage,
  policy: ChannelPolicy,
): Promise<JoinResult> {
  const { tenant } = socket;
  const { settings } = tenant;
  const { payload } = message;
  const subTopic = message.topic.slice(WIRE_PREFIX.length);
  if (subTopic === "") return refuse("TopicNameRequired: You must provide a topic name");
  if (!isObject(payload)) return refuse("UnknownErrorOnChannel: expected params to be a :map");
  const config = part(payload, "config");
  const broadcast = part(config, "broadcast");
  const isPrivate = flag(config["private"]);

  if (settings.suspended) return refuse("RealtimeDisabledForTenant: Realtime disabled for this tenant");
  if (settings.privateOnly && !isPrivate)
    return refuse("PrivateOnly: This project only allows private channels");
  if (tenant.isFull && !tenant.users.has(socket))
    return refuse("ConnectionRateLimitReached: Too many connected users");
  if (tenant.joins.triggered)
    return { ...refuse("ClientJoinRateLimitReached: Too many joins per second"), disconnect: true };
  tenant.joins.count();
  if (socket.channelCount >= settings.maxChannelsPerClient)
    return refuse("ChannelRateLimitReached: Too many channels");

  const token = tokenOf(payload, socket.token);
  const check = await tenant.verifier.check(token);
  if (!check.ok) return refuse(problemReason(check.problem));
  const { claims } = check;
  if (isPrivate && !policy(claims, subTopic, "read"))
    return refuse(`Unauthorized: ${noReadPermission(subTopic)}`);
  if ("replay" in broadcast) {
    const { replay } = broadcast;
    if (!isPrivate) return refuse("UnableToReplayMessages: Replay is not allowed for public channels");
    if (isObject(replay) && !Number.isInteger(replay["since"]))
      return refuse("UnableToReplayMessages: Replay params are not valid");
    // Only what SQL stored is replayed, and there is no SQL here: nothing to send.
  }
  const channel = new Channel(
    socket,
    {
      subTopic,
      joinRef: message.joinRef,
      isPrivate,
      ack: flag(broadcast["ack"]),
      self: flag(broadcast["self"]),
      token,
      claims,
    },
    policy,
  );
  const presence = flag(part(config, "presence")["enabled"]) || settings.presenceEnabled;
  return { ok: true, channel, presence };
}

const refuse = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });

function part(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isObject(value) ? value : {};
}

const flag = (value: unknown): boolean =>
  value === true || (typeof value === "string" && value.toLowerCase() === "true");

/** `user_token` wins; the short `sb_` keys are a gateway's business. */
function tokenOf(payload: JsonObject, ofSocket: string): string {
  const { access_token: access, user_token: user } = payload;
  const first = access ?? user;
  if (typeof first === "string" && first.startsWith("sb_")) return ofSocket;
  if (typeof user === "string") return user;
  return typeof access === "string" ? access : ofSocket;
}

function problemReason(problem: TokenProblem): string {
  switch (problem.kind) {
    case "malformed":
      return `MalformedJWT: ${INVALID_JWT}`;
    case "expired":
      return `InvalidJWTToken: ${expiredText(problem.secondsAgo)}`;
    case "claims":
      return `InvalidJWTToken: ${MISSING_CLAIMS}`;
    case "signature":
      return `JwtSignatureError: ${BAD_SIGNATURE}`;
    case "signer":
      return `JwtSignerError: ${NO_SIGNER}`;
    case "other":
      return "Unknown Error on Channel";
  }
}
