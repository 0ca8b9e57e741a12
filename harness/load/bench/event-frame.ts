/** So that every frame has the same length. */
const SEQ_DIGITS = 16;
const DATA = JSON.stringify({ type: "section_draft", payload: { text: "x".repeat(150) } }).padEnd(200);

/** One chunk of a chunked body. */
export const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** An event of the bench, 200 bytes of data, as it is on the wire. Its number is when it was sent, microseconds. */
export const eventFrame = (sentUs: number): string =>
  chunk(`id: e1-${String(sentUs).padStart(SEQ_DIGITS, "0")}\nevent: section_draft\ndata: ${DATA}\n\n`);

/** Bytes on the wire of one event: what a client that only counts bytes divides by. */
export const FRAME_BYTES = Buffer.byteLength(eventFrame(0));
