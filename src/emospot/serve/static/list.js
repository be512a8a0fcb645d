/* The analyses on the server, the newest first. The list is asked for again while it is
   seen, often when something runs and seldom otherwise (browsers allow six connections a
   server, so there is no event stream for each). A row that has not changed is not touched:
   focus and open menus stay where they are. */

import { ask } from "./api.js";
import { cancelButton, deleteButton, downloads } from "./actions.js";
import { byId, el, say, tell } from "./dom.js";
import { ago, moment } from "./format.js";
import { STAGES, STATES, over } from "./job.js";

const BUSY = 1500;
const IDLE = 20000;
const rows = new Map(); // id → {said, row}
let timer = 0;
let asked = 0;

/** Keep the list up to date as long as `seen()` is true; start again by calling it. */
export async function keepList(seen) {
  clearTimeout(timer);
  const turn = (asked += 1);
  let busy = false;
  try {
    const { analyses } = await ask("/analyses");
    if (turn !== asked) return;
    show(analyses);
    busy = analyses.some((job) => !over(job));
    tell(byId("trouble"), "");
  } catch (error) {
    if (turn !== asked) return;
    if (error.status !== 401) tell(byId("trouble"), error.message);
    busy = true;
  }
  if (seen()) timer = setTimeout(() => keepList(seen), busy ? BUSY : IDLE);
}

function show(jobs) {
  byId("none").hidden = jobs.length > 0;
  const list = byId("list");
  const there = new Set(jobs.map((job) => job.id));
  for (const [id, { row }] of rows) if (!there.has(id)) forget(id, row);
  jobs.forEach((job, place) => {
    const said = JSON.stringify([job, ago(job.created)]);
    let known = rows.get(job.id);
    if (!known) {
      known = { row: el("li", { class: "job" }), said: "" };
      rows.set(job.id, known);
    }
    if (known.said !== said) {
      fill(known.row, job);
      known.said = said;
    }
    if (list.children[place] !== known.row) list.insertBefore(known.row, list.children[place] ?? null);
  });
}

function forget(id, row) {
  rows.delete(id);
  row.remove();
}

function fill(row, job) {
  const focused = row.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label")
    ?? document.activeElement.textContent : null;
  const open = row.querySelector("[aria-expanded=true]") !== null;
  if (open && row.dataset.state === job.state) return; // an open menu is not pulled away
  row.dataset.state = job.state;
  const error = el("p", { class: "problem", role: "alert", hidden: true });
  const fail = (text) => tell(error, text);
  row.replaceChildren(
    el("div", { class: "job-main" },
      el("a", { class: "job-name", href: "#/analysis/" + job.id }, job.name),
      el("p", { class: "muted job-facts" }, facts(job)),
      job.error ? el("p", { class: "job-error" }, job.error) : null,
      job.state === "running" ? el("progress", { max: 1, value: done(job), "aria-label": `Progress of ${job.name}` }) : null,
      error),
    el("span", { class: "state", "data-state": job.state }, STATES[job.state] ?? job.state),
    el("div", { class: "actions" },
      job.state === "done" ? el("a", {
        class: "button", href: "#/analysis/" + job.id, "aria-label": `Report of ${job.name}`,
      }, "Report") : null,
      job.state === "done" ? downloads(job, fail) : null,
      cancelButton(job, (next) => fill(row, next), fail),
      deleteButton(job, () => deleted(job, row), fail)));
  if (focused === null) return;
  const same = Array.from(row.querySelectorAll("a, button"))
    .find((element) => (element.getAttribute("aria-label") ?? element.textContent) === focused);
  (same ?? row.querySelector("a")).focus();
}

function deleted(job, row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  forget(job.id, row);
  byId("none").hidden = rows.size > 0;
  say(`${job.name} is deleted.`);
  (next?.querySelector("a") ?? byId("list-title")).focus();
}

/** How far a job is, each stage taken for as long as the others. */
function done(job) {
  const at = Math.max(0, STAGES.findIndex(([name]) => name === job.stage));
  return (at + (job.share ?? 0)) / STAGES.length;
}

function facts(job) {
  const parts = [ago(job.created)];
  if (job.state === "queued" && job.position) parts.push(`place ${job.position} in the queue`);
  if (job.state === "running") {
    const stage = STAGES.find(([name]) => name === job.stage);
    if (stage) parts.push(stage[1].toLowerCase());
  }
  if (job.expires) parts.push("kept until " + moment(job.expires));
  return parts.join(" · ");
}
