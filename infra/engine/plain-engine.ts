/**
 * The part of dockerode that looks for stacks and removes them, without any package: so that
 * `make down` works while node_modules is missing or broken. Source: Docker Engine API 1.41.
 */
import { request, type RequestOptions } from "node:http";
import type Dockerode from "dockerode";
import { parseJson } from "../../common/portable/parse-json.ts";

type Query = Readonly<Record<string, boolean | object>>;

/** As the engine reads them: lists as JSON, flags as text. */
const toQuery = (query: Query): string =>
  new URLSearchParams(
    Object.entries(query).map(([key, value]): [string, string] => [key, JSON.stringify(value)]),
  ).toString();

/** Rejects as dockerode does: with the engine's own words and `statusCode`. */
const ask = (
  engine: RequestOptions,
  method: string,
  path: string,
  query: Query = {},
): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const asked = request({ ...engine, method, path: `${path}?${toQuery(query)}` }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (text: string) => (body += text));
      answer.once("end", () => {
        const { statusCode = 0 } = answer;
        if (statusCode < 400) resolve(parseJson(body) ?? body);
        else reject(Object.assign(new Error(body.trim()), { statusCode }));
      });
    });
    asked.once("error", reject).end();
  });

/** `engine`: a socket, or a host and port. */
export const plainEngine = (engine: RequestOptions): Dockerode => {
  const get =
    (path: string) =>
    (query?: Query): Promise<unknown> =>
      ask(engine, "GET", path, query);
  const remover = (path: string) => ({
    remove: (query?: Query) => ask(engine, "DELETE", path, query),
  });
  const parts = {
    ping: get("/_ping"),
    info: get("/info"),
    version: get("/version"),
    listContainers: get("/containers/json"),
    listNetworks: get("/networks"),
    listVolumes: get("/volumes"),
    listImages: get("/images/json"),
    getContainer: (id: string) => ({
      ...remover(`/containers/${id}`),
      kill: () => ask(engine, "POST", `/containers/${id}/kill`),
    }),
    getNetwork: (id: string) => remover(`/networks/${id}`),
    getVolume: (name: string) => remover(`/volumes/${name}`),
    getImage: (name: string) => remover(`/images/${name}`),
  };
  // Commands that need more of it are not run without packages.
  return parts as unknown as Dockerode;
};
