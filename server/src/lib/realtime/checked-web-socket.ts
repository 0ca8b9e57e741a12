import { isUtf8 } from "node:buffer";
import { WebSocket, type ClientOptions } from "ws";
import { jsonFault, type JsonRules } from "../../../../common/portable/json-fault.ts";
import { parseJson } from "../../../../common/portable/parse-json.ts";
import { MAX_BODY_DEPTH } from "../streams/parse-event.ts";

const HANDSHAKE_TIMEOUT_MS = 5000;
/** The largest frame of Realtime itself has 5 MB. */
const MAX_FRAME_BYTES = 8_000_000;
/** Topic, event and payload around an event add a few levels to its own. */
const RULES: JsonRules = { maxDepth: MAX_BODY_DEPTH + 20, lossless: true };
/** A binary broadcast: its kind, three lengths, the encoding (docs/realtime-protocol.md, 1.3). */
const USER_BROADCAST = 4;
const HEADER_BYTES = 5;

/**
 * The class of WebSocket for realtime-js. It drops frames that are no JSON, or JSON that JavaScript
 * changes, because realtime-js throws for many of them out of its handler, which ends the process.
 * @param onMalformed called for each dropped frame
 */
export function checkedWebSocket(
  onMalformed: () => void,
): new (address: string | URL, protocols?: string | string[]) => WebSocket {
  return class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      const options: ClientOptions = {
        handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
        maxPayload: MAX_FRAME_BYTES,
        perMessageDeflate: false,
      };
      super(address, protocols, options);
    }

    override emit(event: string | symbol, ...values: unknown[]): boolean {
      if (event !== "message") return super.emit(event, ...values);
      const [data, isBinary] = values as [Buffer | ArrayBuffer, boolean];
      const bytes = data instanceof ArrayBuffer ? Buffer.from(data) : data;
      try {
        if (isCarried(isBinary ? payloadOf(bytes) : bytes)) return super.emit(event, ...values);
      } catch {
        // JSON of another shape than realtime-js expects.
      }
      onMalformed();
      return true;
    }
  };
}

/** A frame of another kind has none. */
function payloadOf(frame: Buffer): Buffer {
  const [kind, topic = 0, event = 0, metadata = 0] = frame;
  return frame.subarray(
    kind === USER_BROADCAST ? HEADER_BYTES + topic + event + metadata : frame.length,
  );
}

function isCarried(bytes: Buffer): boolean {
  if (!isUtf8(bytes)) return false;
  const text = bytes.toString("utf8");
  return parseJson(text) !== undefined && jsonFault(text, RULES) === undefined;
}
