/** A header's name as Go writes it: `x-instance` is `X-Instance`. */
export function canonicalHeader(name: string): string {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return name;
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** Node's list of raw names and values as Go's map of a response's headers, several values of a name joined. */
export function canonicalHeaders(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = canonicalHeader(raw[index] ?? "");
    const value = raw[index + 1] ?? "";
    // How the body came is not among them.
    if (name === "Transfer-Encoding") continue;
    headers[name] = name in headers ? `${headers[name] ?? ""}, ${value}` : value;
  }
  return headers;
}
