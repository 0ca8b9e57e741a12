/**
 * Chooses Supabase's Realtime, or the stand-in if it is not available, and tells the user which and
 * why.
 */
import { PINNED_IMAGES } from "./pinned-images.ts";
import { UserError } from "../../common/user-error.ts";
import { IMAGES_SETTING, imageSetting, REALTIME_SETTING } from "./image-settings.ts";
import { namedImage, pinnedImage, refuse, tellOnce, type ImageSources } from "./image-source.ts";
import type { PreparedImage, PreparedImages } from "./prepared-image.ts";

type RealtimeImages = Pick<PreparedImages, "realtime" | "postgres" | "realtime-standin">;

const REAL_PARTS = ["realtime", "postgres"] as const;
type RealPart = (typeof REAL_PARTS)[number];

const nameOf = (part: RealPart): string =>
  `${PINNED_IMAGES[part].repository}:${PINNED_IMAGES[part].tag}`;

/** The user's, else the pinned one, else why neither is available. */
const realImage = async (
  sources: ImageSources,
  part: RealPart,
): Promise<PreparedImage | { why: string }> => {
  const named = sources.settings.images[part];
  return named === undefined
    ? pinnedImage(sources, PINNED_IMAGES[part])
    : namedImage(sources, part, named);
};

/** The reason for the stand-in, or undefined to try the real one. */
const standinByChoice = ({ settings }: ImageSources): string | undefined => {
  const { mode, realtime, images } = settings;
  const lacking = REAL_PARTS.filter((part) => images[part] === undefined);
  const isAsked = realtime === "real" || lacking.length < REAL_PARTS.length;
  if (realtime === "standin") return `as ${REALTIME_SETTING}=standin says`;
  if (!isAsked && images["realtime-standin"] !== undefined)
    return `as ${imageSetting("realtime-standin")} is set`;
  if (mode !== "assembled" || lacking.length === 0) return undefined;
  if (!isAsked)
    return (
      `since ${IMAGES_SETTING}=assembled, and Supabase's cannot be assembled from this ` +
      "host's programs"
    );
  throw new UserError(
    `the settings ask for the real Realtime, but ${IMAGES_SETTING}=assembled pulls nothing, ` +
      `and ${lacking.map(nameOf).join(" and ")} cannot be assembled`,
    `set ${IMAGES_SETTING}=auto, or name ${lacking.map(imageSetting).join(" and ")}, ` +
      `or set ${REALTIME_SETTING}=standin`,
  );
};

/** @throws UserError if the user demands the real one and it is not available */
export const prepareRealtime = async (
  sources: ImageSources,
  makeStandin: () => Promise<PreparedImage>,
): Promise<RealtimeImages> => {
  const { mode, realtime: choice } = sources.settings;
  const standin = async (why: string): Promise<RealtimeImages> => {
    tellOnce(
      sources,
      `realtime ${why}`,
      `realtime-standin stands in for Supabase Realtime, ${why}`,
    );
    const image = await makeStandin();
    return {
      "realtime-standin": {
        ...image,
        how: `${image.how}; it stands in for Supabase Realtime, ${why}`,
      },
    };
  };
  const chosen = standinByChoice(sources);
  if (chosen !== undefined) return standin(chosen);
  const real: Partial<Record<RealPart, PreparedImage>> = {};
  for (const part of REAL_PARTS) {
    const found = await realImage(sources, part);
    if ("id" in found) real[part] = found;
    else if (mode === "official" || choice === "real")
      refuse(
        nameOf(part),
        found.why,
        `set ${REALTIME_SETTING}=standin to take the lab's own server`,
      );
    else return standin(`since ${nameOf(part)} could not be pulled (${found.why})`);
  }
  return real;
};
