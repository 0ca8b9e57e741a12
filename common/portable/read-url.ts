/** A parsed address, or what is wrong with it. The problem repeats no part of the text. */
export type ReadUrl = { url: URL; problem?: undefined } | { url?: undefined; problem: string };

/** A parser drops or rewrites these without a word (WHATWG URL, section 4.4). */
// eslint-disable-next-line no-control-regex -- these are meant
const REWRITTEN = /[\s\u0000-\u001f\u007f\\]/;

/** Parses an address once and strictly, so that what is checked is what is used. */
export function readUrl(text: string): ReadUrl {
  if (REWRITTEN.test(text))
    return { problem: "has a blank, a backslash or a control character: remove it, or encode it" };
  if (!decodes(text)) return { problem: "has a % that begins no code: write a plain % as %25" };
  if (!URL.canParse(text))
    return {
      problem: "is no URL; in a password, write % # / ? @ : as %25 %23 %2F %3F %40 %3A",
    };
  return { url: new URL(text) };
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
