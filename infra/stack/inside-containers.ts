/** Names inside a stack's containers. Free of Pulumi: `make down` works without packages. */
import { IMAGE_PORTS } from "../images/pinned-images.ts";

/** The broker's name on the stack's network. */
export const BROKER_ALIAS = "valkey";

/** The broker's address for the servers, whether it runs or not. */
export const BROKER_URL = `redis://${BROKER_ALIAS}:${IMAGE_PORTS.valkey.redis}`;

/** Where instances write their ledgers. */
export const LEDGER_FOLDER = "/ledger";
