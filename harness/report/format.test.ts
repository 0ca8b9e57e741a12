import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  escapeMarkdown,
  formatBytes,
  formatCores,
  formatCount,
  formatKibibytes,
  formatList,
  formatMegabytes,
  formatMs,
  formatPercent,
  formatSeconds,
} from "./format.ts";

describe("formatPercent", () => {
  it.each([
    [null, "–"],
    [0, "0 %"],
    [1 / 12_000_000, "<0.01 %"],
    [0.0000499, "<0.01 %"],
    [0.00005, "0.01 %"],
    [0.0037, "0.37 %"],
    [2 / 3, "66.7 %"],
    [0.9994, "99.9 %"],
    [0.9996, "99.96 %"],
    [0.99996, ">99.99 %"],
    [1, "100 %"],
  ])("writes %s as %s", (ratio, text) => expect(formatPercent(ratio)).toBe(text));

  it("never rounds to 0 % or 100 %", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e9 }), fc.integer({ min: 1, max: 1e9 }), (some, all) => {
        const ratio = Math.min(some, all) / all;
        const shown = /^[\d.]+/.exec(formatPercent(ratio))?.[0];
        expect(Number(shown) === 0).toBe(ratio === 0);
        expect(Number(shown) === 100).toBe(ratio === 1);
      }),
    );
  });
});

it.each([
  [null, "–"],
  [0, "0 ms"],
  [0.01, "<0.1 ms"],
  [0.44, "0.4 ms"],
  [12.2, "12.2 ms"],
  [99.96, "100 ms"],
  [1952.3, "1,952 ms"],
  [9999.6, "10 s"],
  [81_700, "81.7 s"],
  [-250, "-250 ms"],
])("formatMs writes %s as %s", (value, text) => expect(formatMs(value)).toBe(text));

it("formats counts with thousands separators, and null as a dash", () => {
  expect([formatCount(4_430_000), formatCount(12.5), formatCount(null)]).toEqual([
    "4,430,000",
    "12.5",
    "–",
  ]);
});

it("formats bytes in the largest unit with a whole part", () => {
  expect([formatBytes(8 * 1024 ** 3), formatBytes(120 * 1024 ** 2)]).toEqual([
    "8.0 GiB",
    "120.0 MiB",
  ]);
});

it("formats a list for a sentence", () => {
  expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(formatList)).toEqual([
    "",
    "a",
    "a and b",
    "a, b and c",
  ]);
});

it("keeps outside text within its table cell, and as text", () => {
  expect(escapeMarkdown("a|b\n<i>\\| & \u0000c")).toBe("a&#124;b &lt;i>&#92;&#124; &amp; c");
});

it.each<[(value: number | null) => string, [number | null, string][]]>([
  [
    formatBytes,
    [
      [null, "–"],
      [0, "0 KiB"],
      [2048, "2 KiB"],
      [1024 ** 2, "1.0 MiB"],
    ],
  ],
  [
    formatCores,
    [
      [null, "–"],
      [0, "0"],
      [0.001, "<0.01"],
      [0.424, "0.42"],
      [9.994, "9.99"],
      [9.996, "10"],
    ],
  ],
  [
    formatSeconds,
    [
      [null, "–"],
      [0, "0 s"],
      [0.004, "<0.01 s"],
      [12.34, "12.3 s"],
    ],
  ],
  [
    formatKibibytes,
    [
      [null, "–"],
      [0, "0 KiB"],
      [1, "<0.1 KiB"],
      [1_048_576, "1,024 KiB"],
    ],
  ],
  [
    formatMegabytes,
    [
      [null, "–"],
      [0, "0 MB/s"],
      [100, "<0.01 MB/s"],
      [1_250_000, "1.25 MB/s"],
    ],
  ],
])("writes costs without a 0 for something: %o", (format, cases) => {
  for (const [value, text] of cases) expect(format(value)).toBe(text);
});

it.each([
  ["![i](https://x.test/i.png)", "![i&#93;(https&#58;//x.test/i.png)"],
  ["[a][b] [a]: http://x.test", "[a&#93;[b] [a&#93;: http&#58;//x.test"],
  ["see www.x.test", "see www&#46;x.test"],
  [
    "**b** _i_ ~~s~~ `c`",
    "&#42;&#42;b&#42;&#42; &#95;i&#95; &#126;&#126;s&#126;&#126; &#96;c&#96;",
  ],
])("escapes links, images, code and emphasis: %s", (text, escaped) => {
  expect(escapeMarkdown(text)).toBe(escaped);
});

it("leaves what has no meaning in Markdown as it is", () => {
  const plain = "5.0 ms [2.5 ms–7.5 ms] of server_1, REDIS_URL is up (a.b:80) ~";
  expect(escapeMarkdown(plain)).toBe(plain.replace("~", "&#126;"));
});
