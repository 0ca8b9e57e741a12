import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readLines, readText } from "./read-text.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-text-"));
  path = join(folder, "from-elsewhere");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const lines = async (content: string | Buffer): Promise<string[]> => {
  await writeFile(path, content);
  const found: string[] = [];
  for await (const line of readLines(path)) found.push(line);
  return found;
};

describe("a text file from elsewhere", () => {
  it("is read without its byte order mark, and no other one is removed", async () => {
    await writeFile(path, "\uFEFF{\uFEFF}");
    expect(await readText(path)).toBe("{\uFEFF}");
    expect(await lines("\uFEFFa\n\uFEFFb")).toEqual(["a", "\uFEFFb"]);
  });

  it.each([
    ["with a mark", "\uFEFF{}"],
    ["without a mark", "{}"],
    ["of one character", "1"],
  ])("in UTF-16 %s is refused with the way out", async (_, text) => {
    const little = Buffer.from(text, "utf16le");
    for (const bytes of [little, Buffer.from(little).swap16()]) {
      await expect(lines(bytes)).rejects.toThrow(`${path} is UTF-16`);
      await expect(readText(path)).rejects.toThrow("iconv -f UTF-16 -t UTF-8");
    }
  });

  it("ends its lines with LF or CRLF", async () => {
    expect(await lines("a\r\nb\n\r\nc")).toEqual(["a", "b", "", "c"]);
    expect(await lines("a\n")).toEqual(["a"]);
    expect(await lines("")).toEqual([]);
  });

  it("keeps characters whole that lie across pieces of the file", async () => {
    const long = `${"x".repeat(64 * 1024 - 1)}é`;
    expect(await lines(`${long}\n${long}`)).toEqual([long, long]);
  });

  it("without line ends does not fill the memory", async () => {
    await expect(lines("x".repeat(17 * 1024 * 1024))).rejects.toThrow(/a line of more than/);
  });
});
