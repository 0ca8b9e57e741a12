/** What the live page adds to itself. Without scripts, the browser loads it again and again. */
import { html, Html } from "./html.ts";

export interface LivePage {
  /** The run under way. */
  section: Html;
  /** Lets this one script run. */
  nonce: string;
  /** Path of the server-sent events. */
  feed: string;
}

/** The page may ask its own server, and run the one script that has the nonce. */
export const livePolicy = (nonce: string): string =>
  `script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'`;

const RELOAD_S = 5;

export const withoutScript = (): Html =>
  html`<noscript><meta http-equiv="refresh" content="${RELOAD_S}" /></noscript>`;

/** `live`: the section anew. `page`: a run is over. `end`: nothing more comes. */
export const liveScript = ({ nonce, feed }: LivePage): Html =>
  html`<script nonce="${nonce}">
    ${new Html(`const feed = new EventSource(${JSON.stringify(feed)});
const over = (text) => {
  feed.close();
  const note = document.createElement("p");
  note.className = "warning";
  note.textContent = text;
  document.querySelector("header").append(note);
};
feed.addEventListener("live", ({ data }) => {
  const live = document.getElementById("live");
  const open = [...live.querySelectorAll("details")].map((one) => one.open);
  live.outerHTML = JSON.parse(data);
  document.querySelectorAll("#live details").forEach((one, index) => { one.open = open[index] ?? false; });
});
feed.addEventListener("page", () => location.reload());
feed.addEventListener("end", ({ data }) => over(JSON.parse(data)));
feed.onerror = () => over("The load test is over, or was stopped: this page gets no news.");`)};
  </script>`;
