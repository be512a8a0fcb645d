/* One analysis: how far it is, and when it is done its report.

   The report is a page of its own with a player that stays in view, so it is shown in a
   frame that fills the window below one slim bar: one thing scrolls, on a phone as well, and
   Tab walks from the bar into it. "Open alone" gives the same page without the bar.

   The frame keeps its origin, or the player could not show the cookie that a token server
   asks for. A script that ran in it could therefore undo the frame's sandbox: what keeps
   foreign text in the report from running is the report's own content security policy, which
   allows one script by its hash. The sandbox only takes away what that script never needs. */

import { ask } from "./api.js";
import { cancelButton, deleteButton, downloads } from "./actions.js";
import { byId, el, say, tell } from "./dom.js";
import { percent, timeLeft } from "./format.js";
import { STAGES, STATES, follow, over } from "./job.js";

let stop = () => {};
let shown = ""; // state that the body was built for
let stage = -1; // place of the one that is at work
let speed = []; // of that stage: moments and the share done by then

/** Show the analysis `id`; `leave()` is called when it has been deleted. */
export async function openAnalysis(id, leave) {
  closeAnalysis();
  let closed = false;
  stop = () => { closed = true; };
  byId("analysis-title").textContent = "Analysis";
  const address = "/analyses/" + encodeURIComponent(id);
  const gone = () => {
    header({ name: "No such analysis", state: "gone" });
    byId("analysis-body").replaceChildren(notice("It was deleted, or its time was over.",
      el("a", { href: "#/" }, "All recordings")));
  };
  let job;
  try {
    job = await ask(address);
    tell(byId("trouble"), "");
  } catch (error) {
    if (closed || error.status === 401) return;
    if (error.status === 404) return gone();
    tell(byId("trouble"), error.message + " Trying again.");
    const timer = setTimeout(() => openAnalysis(id, leave), 2000);
    stop = () => clearTimeout(timer);
    return;
  }
  if (closed) return;
  const onJob = (next) => update(next, leave, onJob);
  onJob(job);
  stop = follow(job, { onJob, onTrouble: (text) => tell(byId("trouble"), text), onGone: gone });
}

/** Stop following, and forget what is shown. */
export function closeAnalysis() {
  stop();
  stop = () => {};
  shown = "";
  speed = [];
  document.body.classList.remove("reading");
  tell(byId("trouble"), "");
  for (const id of ["analysis-actions", "analysis-body"]) byId(id).replaceChildren();
}

function header(job) {
  byId("analysis-title").textContent = job.name;
  document.title = `${job.name} · emospot`;
}

function update(job, leave, onJob) {
  if (shown !== job.state) {
    const within = byId("analysis").contains(document.activeElement);
    const first = shown === "";
    shown = job.state;
    header(job);
    build(job, leave, onJob);
    if (!first) say(`${job.name}: ${job.state === "done" ? "the report is ready" : STATES[job.state]}. ${job.error}`);
    // The button that had the focus may be gone.
    if (within && document.activeElement === document.body) byId("analysis-title").focus({ preventScroll: true });
  }
  if (!over(job)) progress(job);
}

function build(job, leave, onJob) {
  const error = el("p", { class: "problem", role: "alert", hidden: true });
  const fail = (text) => tell(error, text);
  document.body.classList.toggle("reading", job.state === "done");
  byId("analysis-actions").replaceChildren(...[
    job.state === "done" ? el("a", { class: "button", href: job.links.report, target: "_blank", rel: "noopener" }, "Open alone") : null,
    job.state === "done" ? downloads(job, fail) : null,
    cancelButton(job, onJob, fail),
    deleteButton(job, leave, fail),
  ].filter(Boolean));
  byId("analysis-body").replaceChildren(error, ...body(job));
}

function body(job) {
  if (job.state === "done") {
    return [el("iframe", {
      id: "report", src: job.links.report, title: `Report of ${job.name}`,
      sandbox: "allow-scripts allow-same-origin allow-downloads allow-popups",
    })];
  }
  if (job.state === "failed") {
    return [notice("This could not be analysed.", el("span", { id: "failure" }, job.error || "The server gave no reason."),
      el("a", { href: "#/" }, "Try another recording"))];
  }
  if (job.state === "cancelled") {
    return [notice("Cancelled.", "Nothing was written. ", el("a", { href: "#/" }, "Analyse again"))];
  }
  return [el("div", { class: "panel progress" },
    el("ol", { class: "steps", id: "steps" }, ...STAGES.map(([, title]) => el("li", {},
      el("progress", { max: 1, value: 0, "aria-label": title }), el("span", {}, title)))),
    el("p", { id: "progress-text", class: "progress-text" }),
    el("p", { class: "muted" }, "It goes on when this page is closed, and after a restart of the server.")),
  ...job.warnings.map((warning) => el("p", { class: "muted" }, warning))];
}

function notice(title, ...content) {
  return el("div", { class: "panel notice" }, el("h2", {}, title), ...content.map((part) => el("p", {}, part)));
}

function progress(job) {
  const running = job.state === "running";
  const at = running ? Math.max(0, STAGES.findIndex(([name]) => name === job.stage)) : -1;
  const known = running && job.share !== null;
  if (at !== stage) speed = [];
  stage = at;
  for (const [place, step] of Array.from(byId("steps").children).entries()) {
    const bar = step.firstElementChild;
    step.classList.toggle("past", place < at);
    if (place === at) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
    if (place === at && !known) bar.removeAttribute("value");
    else bar.value = place < at ? 1 : place > at ? 0 : job.share;
  }
  const text = inWords(job, known, at);
  const line = byId("progress-text");
  if (line.textContent === text) return;
  line.textContent = text;
  // Seen in the browser's bar of tabs, too.
  document.title = `${known ? percent(job.share) + " " : ""}${job.name} · emospot`;
  // A screen reader hears stages and quarters, not every per cent.
  const heard = job.state === "queued" ? text
    : STAGES[at][1] + (known ? `, ${Math.floor(job.share * 4) * 25} %` : "");
  if (byId("said").textContent !== heard) say(heard);
}

function inWords(job, known, at) {
  if (job.state === "queued") {
    if (!job.position || job.position === 1) return "Next in the queue";
    return `Waiting: place ${job.position} in the queue`;
  }
  const left = known ? secondsLeft(job.share) : null;
  return [STAGES[at][1], known ? percent(job.share) : null, left === null ? null : timeLeft(left) + " in this step"]
    .filter(Boolean).join(" · ");
}

/** Seconds left, from the pace of the last half minute; null while it is not known. */
function secondsLeft(share) {
  const now = Date.now() / 1000;
  speed.push([now, share]);
  while (speed.length > 2 && speed[0][0] < now - 30) speed.shift();
  const [then, before] = speed[0];
  if (now - then < 2 || share - before < 0.01) return null;
  return ((1 - share) * (now - then)) / (share - before);
}
