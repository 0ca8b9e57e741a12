/** Seven digits from the first event on, so that every frame has the same length. */
const FIRST_SEQ = 1_000_000;
const DATA = JSON.stringify({ type: "section_draft", payload: { text: "x".repeat(150) } }).padEnd(200);

/** One chunk of a chunked body. */
export const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** The n-th event of the bench, 200 bytes of data, as it is on the wire. */
export const eventFrame = (n: number): string =>
  chunk(`id: e1-${FIRST_SEQ + n}\nevent: section_draft\ndata: ${DATA}\n\n`);

/** Bytes on the wire of one event: what a client that only counts bytes divides by. */
export const FRAME_BYTES = Buffer.byteLength(eventFrame(0));
