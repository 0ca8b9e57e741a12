import type { RealtimeAccess } from "../../../../server/src/contract/events.ts";
import type { Channel, ChannelDown, OpenChannel } from "../../portable/realtime/channel.ts";

/** What a channel reported, in order. */
export interface ChannelLog {
  channel: Channel;
  log: (string | ["down", ChannelDown] | ["broadcast", unknown] | ["system", unknown])[];
  broadcasts: () => unknown[];
  downs: () => ChannelDown[];
  count: (what: "subscribed" | "closed") => number;
}

/** Opens a channel and records all that it reports. */
export const listen = (open: OpenChannel, access: RealtimeAccess): ChannelLog => {
  const log: ChannelLog["log"] = [];
  const channel = open(access, {
    onSubscribed: () => log.push("subscribed"),
    onClosed: () => log.push("closed"),
    onDown: (down) => log.push(["down", down]),
    onBroadcast: (message) => log.push(["broadcast", message]),
    onSystem: (message) => log.push(["system", message]),
  });
  const entries = (kind: string): unknown[] =>
    log.filter((one) => one[0] === kind).map((one) => one[1]);
  return {
    channel,
    log,
    broadcasts: () => entries("broadcast"),
    downs: () => entries("down") as ChannelDown[],
    count: (what) => log.filter((one) => one === what).length,
  };
};
