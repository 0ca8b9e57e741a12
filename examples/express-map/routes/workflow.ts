import { Router } from "express";
import { broadcast } from "./sessions.ts";

export const workflow = Router();

workflow.post("/:id/workflow/:event", (request, response) => {
  const { id, event } = request.params;
  if (event !== "replan" && event !== "preferences") return response.sendStatus(404);
  broadcast(id, event, request.body as object);
  return response.sendStatus(202);
});
