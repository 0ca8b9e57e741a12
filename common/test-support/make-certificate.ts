import { generate } from "selfsigned";

const DAY_MS = 86_400_000;

/** A certificate that signs itself, so that it is its own authority. PEM. */
export async function makeCertificate({
  names = ["localhost"],
  addresses = ["127.0.0.1", "::1"],
  validForDays = 1,
} = {}): Promise<{ key: string; cert: string }> {
  const made = await generate([{ name: "commonName", value: "sse-lab test" }], {
    keyType: "ec",
    notBeforeDate: new Date(Date.now() - 10 * DAY_MS),
    notAfterDate: new Date(Date.now() + validForDays * DAY_MS),
    extensions: [
      { name: "basicConstraints", cA: true },
      {
        name: "subjectAltName",
        altNames: [
          ...names.map((value) => ({ type: 2 as const, value })),
          ...addresses.map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  });
  return { key: made.private, cert: made.cert };
}
