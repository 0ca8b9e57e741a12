/** Begins UTF-16 when it was decoded as UTF-8: two damaged bytes of its mark, or a zero byte. */
const UTF16 = /^(?:\uFFFD\uFFFD|\0|[^]\0)/;

/** What is wrong with a UTF-16 file, and what to do about it. */
export const UTF16_PROBLEM =
  "is UTF-16, as Windows PowerShell writes with `>`; convert it to UTF-8 " +
  "(iconv -f UTF-16 -t UTF-8, or PowerShell's Set-Content -Encoding utf8)";

/**
 * The beginning of a file's text without its byte order mark. Undefined if the file is UTF-16.
 *
 * @param text its first two characters at least, decoded as UTF-8
 */
export const withoutMark = (text: string): string | undefined =>
  UTF16.test(text) ? undefined : text.replace(/^\uFEFF/, "");
