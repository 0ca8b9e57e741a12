/**
 * The Realtime of a stack as resources: the real one, the stand-in, or no resources if it is
 * hosted.
 */
import * as pulumi from "@pulumi/pulumi";
import type { RealtimeEndpoint } from "../components/realtime-address.ts";
import { RealtimeStandin } from "../components/realtime-standin.ts";
import type { FleetRealtime } from "../components/server-fleet.ts";
import { SupabaseRealtime } from "../components/supabase-realtime.ts";
import { STAND_IN, REALTIME_NAME } from "./realtime-names.ts";
import { webSocketUrlOf } from "../../common/portable/realtime/urls.ts";
import type { OwnRealtime } from "./stack-realtime.ts";
import type { StackArgs, StackOutputs } from "../stack/stack-args.ts";

export interface DeclaredRealtime {
  forServers: FleetRealtime;
  output: pulumi.Input<StackOutputs["realtime"]>;
}

/** `checkStackArgs` has made sure that the images exist. */
const declareOwn = (
  { stack, labels, images, ports }: StackArgs,
  { by, plan, keys }: OwnRealtime,
  networkName: pulumi.Input<string>,
  opts: pulumi.ComponentResourceOptions,
): RealtimeEndpoint => {
  const common = { stack, labels, networkName, plan, port: ports.realtime };
  const server =
    by === "standin"
      ? new RealtimeStandin(
          STAND_IN,
          { ...common, image: images.realtimeStandin ?? "", jwtSecret: keys.jwtSecret },
          opts,
        )
      : new SupabaseRealtime(
          REALTIME_NAME,
          {
            ...common,
            images: { realtime: images.realtime ?? "", postgres: images.postgres ?? "" },
            keys,
          },
          opts,
        );
  return server.endpoint;
};

/** Undefined if the topology has no Realtime. */
export const declareRealtime = (
  args: StackArgs,
  networkName: pulumi.Input<string>,
  opts: pulumi.ComponentResourceOptions,
): DeclaredRealtime | undefined => {
  const { realtime } = args;
  if (realtime === undefined) return undefined;
  const { publish, catchUp } = realtime;
  if (realtime.by === "hosted") {
    const { url, ...keys } = realtime.hosted;
    return {
      forServers: { publish, catchUp, url, keys },
      output: { kind: "hosted", container: null, url: webSocketUrlOf(url) },
    };
  }
  const own = declareOwn(args, realtime, networkName, opts);
  const { serviceKey, jwtSecret, anonKey } = realtime.keys;
  return {
    forServers: {
      publish,
      catchUp,
      url: own.serverUrl,
      publicUrl: own.clientUrl,
      keys: { serviceKey, jwtSecret, anonKey },
    },
    output: pulumi.output({
      kind: realtime.by === "standin" ? STAND_IN : REALTIME_NAME,
      container: own.container,
      url: own.clientUrl,
    }),
  };
};
