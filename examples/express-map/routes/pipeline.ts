import { Router } from "express";
import { broadcast } from "./sessions.ts";

export const pipeline = Router();

/** Runs a pipeline in this process. Its events go to the streams that this process holds. */
pipeline.post("/:id/pipeline", (request, response) => {
  const { id } = request.params;
  const { events = 20, eventsPerSecond = 5 } = request.body as Record<string, number | undefined>;
  let seq = 0;
  const timer = setInterval(() => {
    seq += 1;
    const data = { seq, total: events, publishedAt: Date.now(), text: "A section of the draft." };
    if (seq === events) clearInterval(timer);
    broadcast(id, seq === events ? "pipeline_complete" : "section_draft", data);
  }, 1000 / eventsPerSecond);
  response.status(202).json({ total: events });
});
