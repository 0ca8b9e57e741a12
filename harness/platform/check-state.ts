import { checkWritable } from "../../common/files/make-folder.ts";
import { STATE_ROOT } from "../../common/paths.ts";

/**
 * Records, ledgers and work folders lie in the checkout.
 *
 * @throws UserError if nothing can be written there
 */
export const checkState = (): void =>
  checkWritable(
    STATE_ROOT,
    "make the checkout writable, or copy it to a folder that you can write",
  );
