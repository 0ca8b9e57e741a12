import type Dockerode from "dockerode";
import { imageUsers } from "./image-usage.ts";
import { IMAGE_LABELS } from "./prepared-image.ts";

/** Not one of those that only show that somebody else was quicker, or still uses it. */
const isRefusal = (error: unknown): boolean =>
  [404, 409].includes((error as { statusCode?: number }).statusCode ?? 0);

const removeImages = async (docker: Dockerode, part: string): Promise<string[]> => {
  const images = await docker.listImages({ filters: { label: [`${IMAGE_LABELS.part}=${part}`] } });
  const removed: string[] = [];
  for (const { Id, RepoTags } of images) {
    const names = RepoTags?.filter((name) => name !== "<none>:<none>") ?? [];
    // An image that somebody built on ours, or gave a name of their own, carries our labels too.
    if (names.some((name) => !name.startsWith("sse-lab/"))) continue;
    // The engine refuses an image that a container uses. By name and without force: an image with several names goes with the last.
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
 * Removes the images of our own servers made here that no container uses; none while another process may still start containers of them. Images of
 * routers, broker and Node.js stay: they change rarely and take longest to get. The next `prepareImages` makes ours again.
 *
 * @returns names (ids where they have none) of the removed images
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
