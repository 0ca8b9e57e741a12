import { expect, test } from "vitest";
import { instanceTimeline } from "./instance-timeline.ts";
import type { ContainerEvent } from "./watch-containers.ts";

type Told = Partial<ContainerEvent> & Pick<ContainerEvent, "action">;

/** What the timeline says of these events, which come 1 ms apart. */
const tell = (events: readonly Told[], expected: readonly string[] = []): string[] => {
  const said: string[] = [];
  const timeline = instanceTimeline({
    onInstance: (instance, state, atMs) => said.push(`${atMs} ${instance} ${state}`),
    onComponentExit: (component, atMs) => said.push(`${atMs} ${component} exit`),
    onStep: (step) => said.push(step),
  });
  expected.forEach((component) => timeline.expectEnd(component));
  events.forEach((event, index) =>
    timeline.onEvent({ component: "server-1", role: "server", id: "a", atMs: index + 1, ...event }),
  );
  return said;
};

test("a container that is replaced with a grace is not ready, stopped, started", () => {
  const events: Told[] = [
    { action: "start" },
    { action: "healthy" },
    { action: "term" },
    { action: "die", exitCode: 0 },
    { action: "start", id: "b" },
  ];
  expect(tell(events)).toEqual([
    "1 server-1 started",
    "3 server-1 not-ready",
    "4 server-1 stopped",
    "5 server-1 started",
  ]);
});

test("the end of a container that ran before anybody watched is told as any other", () => {
  expect(tell([{ action: "term" }, { action: "die", exitCode: 0 }])).toEqual([
    "1 server-1 not-ready",
    "2 server-1 stopped",
  ]);
  expect(tell([{ action: "kill" }, { action: "die", exitCode: 137 }])).toEqual([
    "2 server-1 killed",
  ]);
});

test.each<[string, Told[]]>([
  [
    "it does not end in its grace",
    [{ action: "term" }, { action: "kill" }, { action: "die", exitCode: 137 }],
  ],
  [
    "only its exit code tells of the SIGKILL",
    [{ action: "term" }, { action: "die", exitCode: 137 }],
  ],
])("a container is killed when %s", (_, events) => {
  expect(
    tell([{ action: "start" }, ...events])
      .slice(1)
      .map((line) => line.slice(2)),
  ).toEqual(["server-1 not-ready", "server-1 killed"]);
});

test("a crash is a kill and nothing before it", () => {
  expect(tell([{ action: "start" }, { action: "kill" }, { action: "die", exitCode: 137 }])).toEqual(
    ["1 server-1 started", "3 server-1 killed"],
  );
});

test("an instance that exits by itself or runs out of memory is reported as killed", () => {
  expect(tell([{ action: "start" }, { action: "oom" }, { action: "die", exitCode: 1 }])).toEqual([
    "1 server-1 started",
    "server-1 is out of memory: the kernel ends it",
    "server-1 exited by itself (code 1)",
    "3 server-1 killed",
  ]);
});

test("the end of a router or broker is an incident, whatever ended it", () => {
  const traefik = { component: "traefik", role: "router" } as const;
  expect(
    tell([
      { ...traefik, action: "start" },
      { ...traefik, action: "kill" },
      { ...traefik, action: "die", exitCode: 137 },
    ]),
  ).toEqual(["traefik exited by itself (code 137)", "3 traefik exit"]);
});

test("an end that was asked for is no incident; the next one of that component is", () => {
  const realtime = { component: "realtime", role: "broker" } as const;
  const life: Told[] = [
    { ...realtime, action: "start" },
    { ...realtime, action: "die", exitCode: 137 },
  ];
  expect(tell(life, ["realtime"])).toEqual([]);
  expect(tell(life, ["realtime-postgres"])).toEqual([
    "realtime exited by itself (code 137)",
    "2 realtime exit",
  ]);
  expect(tell([...life, ...life], ["realtime"])).toEqual([
    "realtime exited by itself (code 137)",
    "4 realtime exit",
  ]);
});
