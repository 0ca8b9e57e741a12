/** What the page is put together from. */
import { DASH } from "../format.ts";
import { html, Html } from "./html.ts";

/** A figure of the summary: where it comes from, and how it is written. */
export interface Cell {
  text: string;
  /** Stands left; figures stand right. */
  isWords?: true;
  /** Path of the figure below its run in summary.json, which a test follows. */
  path?: string;
}

export const words = (text: string): Cell => ({ text, isWords: true });
export const figure = (text: string, path?: string): Cell =>
  path === undefined ? { text } : { text, path };

export interface TableData {
  caption: string;
  headings: readonly string[];
  /** The first cell names the row. */
  rows: readonly (readonly Cell[])[];
}

const cellOf = ({ text, isWords, path }: Cell): Html => {
  const shown = text === "" ? DASH : text;
  if (isWords) return html`<td>${shown}</td>`;
  return path === undefined
    ? html`<td class="figure">${shown}</td>`
    : html`<td class="figure" data-path="${path}">${shown}</td>`;
};

/** A table that scrolls by itself, also by keyboard. */
export const dataTable = ({ caption, headings, rows }: TableData): Html =>
  html` <div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${headings.map((heading) => html`<th scope="col">${heading}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([name, ...cells]) =>
            html` <tr>
              <th scope="row">${name?.text ?? ""}</th>
              ${cells.map(cellOf)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;

/** A table that is there for who needs it. */
export const foldedTable = (table: TableData): Html =>
  table.rows.length === 0
    ? html``
    : html`<details>
        <summary>${`Data: ${table.caption}`}</summary>
        ${dataTable(table)}
      </details>`;

export interface ChartBlock {
  title: string;
  /** What the picture shows, for who cannot see it. */
  description: string;
  svgs: readonly { markup: string; only?: "wide" | "narrow" }[];
  table: TableData;
  /** True for data that is as important as the picture. */
  isOpen?: true;
}

/** A picture with its title, description and data. */
export const chart = ({ title, description, svgs, table, isOpen }: ChartBlock): Html =>
  html` <figure class="chart">
    <figcaption>${title}</figcaption>
    ${svgs.map(
      ({ markup, only }) =>
        html` <div class="${`picture ${only ?? "both"}`}" role="img" aria-label="${description}">
          ${new Html(markup)}
        </div>`,
    )}
    ${isOpen ? dataTable(table) : foldedTable(table)}
  </figure>`;

export const section = (id: string, title: string, ...blocks: readonly (Html | null)[]): Html =>
  html` <section id="${id}" aria-labelledby="${`${id}-title`}">
    <h2 id="${`${id}-title`}">${title}</h2>
    ${blocks}
  </section>`;

export const paragraph = (text: string): Html => html`<p>${text}</p>`;
