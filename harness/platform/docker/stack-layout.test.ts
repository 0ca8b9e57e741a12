import Dockerode from "dockerode";
import { expect, test } from "vitest";
import { newStackRecord } from "../../../infra/stack/new-stack-record.ts";
import { topologyNamed } from "../../../infra/stack/record-args.ts";
import {
  DEFAULT_REALTIME_SETTINGS,
  type RealtimeSettings,
} from "../../../infra/realtime/realtime-settings.ts";
import type { StackImages } from "../../../infra/stack/stack-args.ts";
import { thisOwner } from "../../../common/processes/owner.ts";
import { stackLayout, describeStack } from "./stack-layout.ts";

/** Never asked: the records name every port. */
const docker = new Dockerode({ socketPath: "/nonexistent/docker.sock" });
const images: StackImages = { server: "s", router: "r", broker: "b" };

const partsOf = async (more: Partial<StackImages>, realtime: RealtimeSettings) => {
  const record = await newStackRecord({
    stack: "lab",
    topology: topologyNamed("phase3"),
    images: { ...images, ...more },
    labels: {},
    kept: true,
    owner: thisOwner(),
    replicas: 1,
    realtime,
  });
  const parts = await stackLayout(docker, record);
  const used = [...parts.containers.values()].map(
    ({ component, role, container }) => `${component} ${role} ${container}`,
  );
  return { record, parts, used };
};

test("a stand-in is one of the parts, and is named as one", async () => {
  const { record, parts, used } = await partsOf(
    { realtimeStandin: "i" },
    DEFAULT_REALTIME_SETTINGS,
  );
  const port = String(record.ports.realtime);
  expect(parts.realtime).toEqual({
    name: "realtime-standin",
    standIn: true,
    url: `ws://realtime.localhost:${port}/socket`,
    container: "lab-realtime-standin",
    healthUrl: `http://127.0.0.1:${port}/healthcheck`,
  });
  expect(used).toEqual([
    "server-1 server lab-server-1",
    "traefik router lab-traefik",
    "realtime-standin broker lab-realtime-standin",
  ]);
  expect(describeStack(record, parts).realtime).toEqual({
    name: "realtime-standin",
    standIn: true,
    url: `ws://realtime.localhost:${port}/socket`,
  });
});

test("Supabase's own has a database beside it, and Valkey when there is an event log", async () => {
  const { parts, used } = await partsOf(
    { realtime: "i", postgres: "p" },
    { ...DEFAULT_REALTIME_SETTINGS, catchUp: true },
  );
  expect(parts.realtime).toMatchObject({
    name: "realtime",
    standIn: false,
    container: "lab-realtime",
  });
  expect(used.slice(2)).toEqual([
    "valkey broker lab-valkey",
    "realtime broker lab-realtime",
    "realtime-postgres broker lab-realtime-postgres",
  ]);
});

test("a hosted one is told, and is none of the parts", async () => {
  const hosted = {
    url: "https://abc.supabase.co/realtime/v1",
    serviceKey: "k",
    jwtSecret: "j".repeat(32),
  };
  const { parts, used } = await partsOf({}, { ...DEFAULT_REALTIME_SETTINGS, hosted });
  expect(parts.realtime).toEqual({
    name: "realtime",
    standIn: false,
    url: "wss://abc.supabase.co/realtime/v1",
  });
  expect(used).toHaveLength(2);
});
