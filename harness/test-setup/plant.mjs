// Loaded into the lab's own server by a test: spoils what streams carry, behind the ledger's back.
import { Socket } from "node:net";
import { setTimeout } from "node:timers";

/** An event as one chunk of a stream: its type. */
const EVENT = /^[0-9a-f]+\r\nid: [^\n]+\nevent: (\w+)\n/;
const TERMINAL = "pipeline_complete";

const write = Socket.prototype.write;
let events = 0;
let isStuck = false;

const PLANTS = {
  none: (_, pass) => pass(),
  "one in a hundred dropped": (type, pass) => {
    if (type === TERMINAL) return pass();
    events += 1;
    return events % 100 === 0 || pass();
  },
  "30 ms later": (_, pass) => {
    setTimeout(pass, 30);
    return true;
  },
  "one stream stuck": (type, pass) => {
    if (isStuck || type !== TERMINAL) return pass();
    isStuck = true;
    return true;
  },
};
const plant = PLANTS[process.env.PLANT];

Socket.prototype.write = function (chunk, ...rest) {
  const pass = () => write.call(this, chunk, ...rest);
  const type = typeof chunk === "string" ? EVENT.exec(chunk)?.[1] : undefined;
  return type === undefined ? pass() : plant(type, pass);
};
