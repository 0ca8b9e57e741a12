/** The strategy's starting point: one Express server that holds its streams in a Map. */
import express from "express";
import { pipeline } from "./routes/pipeline.ts";
import { sessions } from "./routes/sessions.ts";
import { workflow } from "./routes/workflow.ts";

const app = express();
app.use(express.json());
app.get("/health", (_request, response) => {
  response.json({ status: "ok" });
});
app.use("/api/sessions", sessions, pipeline, workflow);

app.listen(Number(process.env["PORT"] ?? 3000));
