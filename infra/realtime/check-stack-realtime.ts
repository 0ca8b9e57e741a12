import {
  jwtSecretProblem,
  REALTIME_URL_EXAMPLES as EXAMPLES,
  realtimeUrlProblems,
} from "../../common/portable/realtime/config-rules.ts";
import type { StackArgs } from "../stack/stack-args.ts";

const DATABASE_KEY_BYTES = 16;
const SHORTEST_KEY_BASE = 64;
/** Inside a container, loopback is the container itself. */
const LOOPBACK = /^(?:localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

const urlProblem = (url: string): string | undefined => {
  const field = `realtime.hosted.url ${JSON.stringify(url)}`;
  const [problem] = realtimeUrlProblems(url);
  if (problem === "syntax" || problem === "scheme" || url.toLowerCase().startsWith("ws")) {
    return `${field}: not an address of Realtime; give ${EXAMPLES}`;
  }
  return LOOPBACK.test(new URL(url).hostname)
    ? `${field}: containers do not reach this host by that name; ` +
        "give one that they reach, or use --platform local"
    : undefined;
};

/** The problems of a stack's Realtime, one line each, without the value of a secret. */
export const realtimeProblems = ({
  topology,
  realtime,
  images,
  ports,
}: StackArgs): (string | false | undefined)[] => {
  if (topology.broadcaster !== "supabase") {
    return [
      (realtime !== undefined || ports.realtime !== undefined) &&
        `realtime: ${topology.name} has none; leave it out`,
    ];
  }
  if (realtime === undefined)
    return [`realtime is missing: the events of ${topology.name} travel over it; say by what`];
  const { jwtSecret } = realtime.by === "hosted" ? realtime.hosted : realtime.keys;
  const secretProblem = jwtSecretProblem(jwtSecret);
  const secret = secretProblem && `the JWT secret of Realtime ${secretProblem}`;
  if (realtime.by === "hosted") {
    return [
      secret,
      urlProblem(realtime.hosted.url),
      realtime.hosted.serviceKey === "" &&
        "realtime.hosted.serviceKey is empty: give the service-role key",
      ports.realtime !== undefined &&
        `ports.realtime ${ports.realtime}: a hosted Realtime has no port here; leave it out`,
    ];
  }
  const { databaseKey, secretKeyBase } = realtime.keys;
  const needed =
    realtime.by === "standin"
      ? (["realtimeStandin"] as const)
      : (["realtime", "postgres"] as const);
  return [
    secret,
    ...needed.map(
      (part) =>
        images[part] === undefined &&
        `images.${part} is missing: realtime is by ${realtime.by}; name its image`,
    ),
    Buffer.byteLength(databaseKey) !== DATABASE_KEY_BYTES &&
      `realtime.keys.databaseKey has ${Buffer.byteLength(databaseKey)} bytes: ` +
        `an AES-128 key has ${DATABASE_KEY_BYTES}`,
    secretKeyBase.length < SHORTEST_KEY_BASE &&
      `realtime.keys.secretKeyBase has ${secretKeyBase.length} characters: ` +
        `give ${SHORTEST_KEY_BASE} or more`,
  ];
};
