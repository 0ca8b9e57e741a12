/**
 * Added to send times, so that each has 16 digits: frames have one length, and ids no leading zero.
 */
const SEQ_BASE = 1e15;
const DATA = JSON.stringify({ type: "section_draft", payload: { text: "x".repeat(150) } }).padEnd(
  200,
);

/** One chunk of a chunked body. */
export const chunk = (text: string): string =>
  `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/**
 * An event of the bench on the wire, with 200 bytes of data.
 * @param sentUs microseconds; its number tells it
 */
export const eventFrame = (sentUs: number): string =>
  chunk(`id: e1-${SEQ_BASE + sentUs}\nevent: section_draft\ndata: ${DATA}\n\n`);

/** When the event of this number was sent, milliseconds. */
export const sentMsOf = (seq: number): number => (seq - SEQ_BASE) / 1000;

/** Bytes on the wire of one event: what a client that only counts bytes divides by. */
export const FRAME_BYTES = Buffer.byteLength(eventFrame(0));
