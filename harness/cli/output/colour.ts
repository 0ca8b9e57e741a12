import pc from "picocolors";

/** Colour only on a terminal, and never against NO_COLOR (https://no-color.org). */
export const wantsColour = ({ isTTY }: { isTTY?: boolean }): boolean =>
  isTTY === true && pc.isColorSupported;
