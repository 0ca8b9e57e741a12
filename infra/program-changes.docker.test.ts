/** Stacks that change, on a real engine, by the real Pulumi CLI and its Docker provider. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { docker, type Change } from "./test-support/lab-stack.ts";
import { stackOf, untilOk } from "./test-support/open-stacks.ts";

const inspect = (id: string) => docker.getContainer(id).inspect();

/** Without `replace`, which Pulumi reports in addition to its two steps. */
const steps = (changes: readonly Change[]): string[] =>
  changes
    .filter(({ op }) => op !== "replace")
    .map(({ name, op, state }) => `${op} ${name} ${state}`);

describe("a new revision", () => {
  it("replaces only the servers, one by one or all at once, with the earlier grace", async () => {
    const stack = await stackOf("phase1", { graceS: 30 });
    const { ledgerDir } = stack.args;
    /** Does the ledger of the instance's n-th process say that it drained to the end? */
    const drained = async (process: number): Promise<boolean> => {
      const file = `server-2.1${process === 1 ? "" : `-${process}`}.ndjson`;
      return (await readFile(join(ledgerDir!, file), "utf8")).includes('"state":"ended"');
    };
    await stack.up();
    const before = await stack.containers();

    const oneByOne = steps(await stack.up({ revision: "2" }, { parallel: 1 }));
    expect(oneByOne).toEqual(
      ["server-1", "server-2", "server-3"].flatMap((server) => [
        `delete-replaced ${server} started`,
        `delete-replaced ${server} ended`,
        `create-replacement ${server} started`,
        `create-replacement ${server} ended`,
      ]),
    );
    const after = await stack.containers();
    expect(after.get("traefik")).toBe(before.get("traefik"));
    for (const server of ["server-1", "server-2", "server-3"]) {
      expect(after.get(server)).not.toBe(before.get(server));
      const { State, Config } = await inspect(after.get(server)!);
      expect(State.Health?.Status).toBe("healthy");
      expect(Config.Labels["sse-lab.revision"]).toBe("2");
      expect(Config.Env).toContain("REVISION=2");
    }
    expect(stack.outputs().revision).toBe("2");
    expect(await stack.preview()).toEqual([]);
    expect(await drained(1)).toBe(true);

    const graceAlone = steps(await stack.up({ graceS: 0 }));
    expect(new Set(graceAlone.map((step) => step.split(" ")[0]))).toEqual(new Set(["update"]));
    expect(await stack.containers()).toEqual(after);

    const atOnce = steps(await stack.up({ revision: "3" }, { parallel: 8 }));
    const firstReady = atOnce.findIndex((step) => /^create-replacement .* ended$/.test(step));
    expect(
      atOnce.slice(0, firstReady).filter((step) => step.startsWith("delete-replaced")),
    ).toHaveLength(6);
    expect(await drained(2)).toBe(false);
  });
});

describe("a changed stack", () => {
  it("keeps the ports that the engine chose, and gets more instances and ended ones back", async () => {
    const stack = await stackOf("naive", { replicas: 1, ports: {} });
    await stack.up();
    const outputs = stack.outputs();
    for (const url of [outputs.url, outputs.dashboardUrl, outputs.instances[0]!.url]) {
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+/);
    }
    await untilOk(`${outputs.url}/readyz`);
    expect(await stack.preview()).toEqual([]);

    const before = await stack.containers();
    await stack.up({ replicas: 2 });
    const after = await stack.containers();
    expect([...after.keys()].sort()).toEqual(["server-1", "server-2", "traefik"]);
    expect(after.get("server-1")).toBe(before.get("server-1"));
    // It has to read the new list.
    expect(after.get("traefik")).not.toBe(before.get("traefik"));
    const { url } = stack.outputs();
    const seen = new Set<string | null>();
    while (seen.size < 2) seen.add((await untilOk(`${url}/readyz`)).headers.get("x-instance"));
    expect([...seen].sort()).toEqual(["server-1", "server-2"]);

    await docker.getContainer(after.get("server-1")!).kill();
    await stack.up({}, { refresh: true });
    const { State } = await inspect((await stack.containers()).get("server-1")!);
    expect(State.Health?.Status).toBe("healthy");
  });

  it("continues after a failed `up`: a missing ledger folder, a taken port", async () => {
    const stack = await stackOf("phase0");
    const { ledgerDir, ports } = stack.args;
    const port = ports.instances![0]!;
    await expect(stack.up({ ledgerDir: "/nowhere/at/all" })).rejects.toThrow(
      "bind source path does not exist: /nowhere/at/all",
    );
    const holder = createServer().listen(port, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    await expect(stack.up({ ledgerDir: ledgerDir! })).rejects.toThrow(
      /address already in use|port is already allocated/,
    );
    await new Promise((resolve) => holder.close(resolve));
    await stack.up();
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    expect(await stack.preview()).toEqual([]);
  });
});
