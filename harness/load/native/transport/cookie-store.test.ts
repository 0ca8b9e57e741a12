import { expect, test } from "vitest";
import { CookieStore } from "./cookie-store.ts";

const after = (...responses: string[][]): string | undefined => {
  const store = new CookieStore();
  for (const setCookies of responses) store.take(setCookies);
  return store.addTo({})["cookie"];
};

test.each<[string, string[][], string | undefined]>([
  ["nothing without cookies", [[]], undefined],
  ["name and value without attributes", [["lab=a1; Path=/; HttpOnly; SameSite=Lax"]], "lab=a1"],
  ["all cookies of all responses", [["a=1", "b=2"], ["c=3"]], "a=1; b=2; c=3"],
  ["the last value of a name", [["a=1"], ["a=2"]], "a=2"],
  ["values as they came, undecoded", [["a=%7Cx%3D"]], "a=%7Cx%3D"],
  ["nothing after Max-Age=0", [["a=1"], ["a=; Max-Age=0"]], undefined],
  [
    "nothing after a date in the past",
    [["a=1"], ["a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]],
    undefined,
  ],
  [
    "a cookie that Max-Age keeps in spite of its date",
    [["a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]],
    "a=1",
  ],
  ["a cookie until its date", [["a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT"]], "a=1"],
])("sends %s", (_, responses, cookie) => {
  expect(after(...responses)).toBe(cookie);
});

test("keeps the cookies that a request has already", () => {
  const store = new CookieStore();
  expect(store.addTo({ cookie: "key=1" })).toEqual({ cookie: "key=1" });
  store.take(["lab=a1"]);
  expect(store.addTo({ cookie: "key=1", a: "b" })).toEqual({ cookie: "key=1; lab=a1", a: "b" });
});
