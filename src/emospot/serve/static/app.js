/* The page of `emospot serve`: which view is shown, by the address's part after "#".

     #/             the form, and the analyses on the server
     #/analysis/ID  one analysis: its progress, then its report
     #/live         the microphone

   All that is known is on the server: the page can be reloaded, closed and opened on
   another machine at any moment. */

import { closeAnalysis, openAnalysis } from "./analysis.js";
import { offer, setUpForm, showOffer } from "./ask.js";
import { byId, say, tell } from "./dom.js";
import { keepList } from "./list.js";
import { leaveLive, setUpLive } from "./live.js";

const TITLES = { home: "emospot", analysis: "Analysis · emospot", live: "Live · emospot" };
let view = "";

function wanted() {
  const [, first, id] = location.hash.split("/");
  if (first === "analysis" && id) return ["analysis", decodeURIComponent(id)];
  return [first === "live" ? "live" : "home", ""];
}

function route() {
  const first = view === "";
  const [next, id] = wanted();
  if (view === "analysis") closeAnalysis();
  if (view === "live" && next !== "live") leaveLive();
  view = next;
  for (const section of document.querySelectorAll(".view")) section.hidden = section.id !== view;
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = TITLES[view];
  if (view === "home") keepList(homeSeen);
  if (view === "analysis") {
    openAnalysis(id, (job) => {
      location.hash = "#/";
      say(`${job.name} is deleted.`);
    });
  }
  if (!first) {
    // As after a click on a link to another page: from the top, at the heading.
    window.scrollTo(0, 0);
    byId(view + "-title").focus({ preventScroll: true });
  }
}

const homeSeen = () => view === "home" && !document.hidden;

async function showServer() {
  try {
    const { models, limits } = await offer();
    showOffer(models, limits);
    setUpLive(models);
  } catch (error) {
    if (error.status !== 401) tell(byId("trouble"), error.message);
    if (error.status === 0) setTimeout(showServer, 3000);
  }
}

setUpForm((job) => {
  // Who has gone elsewhere meanwhile is left there.
  if (view === "home") location.hash = "#/analysis/" + encodeURIComponent(job.id);
  else say(`${job.name} is uploaded.`);
});
window.addEventListener("hashchange", route);
document.addEventListener("visibilitychange", () => { if (homeSeen()) keepList(homeSeen); });
route();
showServer();
