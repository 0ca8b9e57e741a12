import type Dockerode from "dockerode";
import { imageUsers } from "./image-usage.ts";
import { IMAGE_LABELS } from "./prepared-image.ts";

/** The image is gone, or a container uses it. */
const isRefusal = (error: unknown): boolean =>
  [404, 409].includes((error as { statusCode?: number }).statusCode ?? 0);

const removeImages = async (docker: Dockerode, part: string): Promise<string[]> => {
  const images = await docker.listImages({ filters: { label: [`${IMAGE_LABELS.part}=${part}`] } });
  const removed: string[] = [];
  for (const { Id, RepoTags } of images) {
    const names = RepoTags?.filter((name) => name !== "<none>:<none>") ?? [];
    // An image that a user built on ours or renamed carries our labels too.
    if (names.some((name) => !name.startsWith("sse-lab/"))) continue;
    // The engine refuses to remove an image in use. By name and without force: an image with
    // several names goes with the last.
    for (const name of names.length > 0 ? names : [Id]) {
      try {
        await docker.getImage(name).remove();
        removed.push(name);
      } catch (error) {
        if (!isRefusal(error)) throw error;
      }
    }
  }
  return removed;
};

/** What the legacy builder keeps of the Dockerfile's first stage, finished or not. */
export const removeBuildLeftovers = (docker: Dockerode): Promise<string[]> =>
  removeImages(docker, "server-build");

/**
 * Removes the lab's server images that no container uses, unless another process may still start
 * containers of them. Images of routers, broker and Node.js stay: they change rarely and take
 * longest to get. The next `prepareImages` builds ours again.
 *
 * @returns names of the removed images, or ids of unnamed ones
 */
export const removeOwnImages = async (
  docker: Dockerode,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string[]> => {
  if ((await imageUsers(env)).length > 0) return [];
  return [
    ...(await removeImages(docker, "server")),
    ...(await removeImages(docker, "realtime-standin")),
    ...(await removeBuildLeftovers(docker)),
  ];
};
