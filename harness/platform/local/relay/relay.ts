/**
 * The relay process: one link for each way between an instance and Redis or the router. A request
 * `PUT /<instance>/<peer>` with the body `cut` or `mend` changes a link.
 */
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { parseJson } from "../../../../common/portable/parse-json.ts";
import { Link } from "./link.ts";
import type { RelayPlan } from "./relay-plan.ts";

const { controlPort, links: planned } = parseJson(process.argv[2] ?? "") as RelayPlan;
const links = new Map<string, Link>();
for (const { instance, peer, port, to } of planned) {
  const link = new Link(to);
  await link.listen(port);
  links.set(`/${instance}/${peer}`, link);
}

createServer((request, response) => {
  void text(request).then((order) => {
    const link = links.get(request.url ?? "");
    if (link && order === "cut") link.cut();
    else if (link && order === "mend") link.mend();
    else if (request.url !== "/") response.statusCode = 404;
    response.end();
  });
}).listen(controlPort, "127.0.0.1");
