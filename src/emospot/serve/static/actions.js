/* What can be done with an analysis: open, download, cancel, delete. The same buttons stand
   in the list and beside the analysis itself. */

import { ask, file } from "./api.js";
import { confirmed, el, saveAs, say } from "./dom.js";
import { EXPORTS, exportAddress, over } from "./job.js";

let menus = 0;
let closeOpen = null; // of the menu that is open: there is one at most

document.addEventListener("click", (event) => closeOpen?.(event.target));
window.addEventListener("blur", () => closeOpen?.()); // a click into the report's frame

/**
 * The menu of everything that can be taken home.
 *
 * A button that opens a list of links, and no ARIA menu: links are what these are, and Tab,
 * Enter and Escape do what people are used to.
 */
export function downloads(job, onError) {
  const links = [
    ["Whole", [["report", "Report (HTML)", job.links.report + "?download=1"], ["analysis", "Everything (JSON)", job.links.analysis]]],
    ...EXPORTS.map(([use, formats]) => [use,
      formats.map(([format, name]) => [format, name, exportAddress(job, format)])]),
  ];
  const id = "downloads-" + (menus += 1);
  const list = el("div", { id, class: "menu", hidden: true },
    ...links.map(([use, formats]) => el("div", {},
      el("p", { class: "menu-use" }, use),
      el("ul", {}, ...formats.map(([format, name, address]) => el("li", {},
        el("a", { href: address, onclick: (event) => save(event, name, nameOf(job, format), onError) }, name)))))));
  const button = el("button", { type: "button", "aria-expanded": "false", "aria-controls": id }, "Download ▾");
  button.setAttribute("aria-label", `Download ${job.name}`);
  const box = el("div", { class: "menu-box" }, button, list);
  const close = (target) => {
    if (target && box.contains(target)) return;
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (closeOpen === close) closeOpen = null;
  };
  button.addEventListener("click", () => {
    if (!list.hidden) return close();
    closeOpen?.();
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    closeOpen = close;
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || list.hidden) return;
    close();
    button.focus();
  });
  box.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !box.contains(event.relatedTarget)) close();
  });
  return box;
}

// What is read first and saved then can fail in a sentence; a plain download cannot, e.g.
// where subtitles are asked for of texts without times.
async function save(event, format, name, onError) {
  event.preventDefault();
  closeOpen?.();
  try {
    const { blob, told } = await file(event.target.href);
    saveAs(blob, told ?? name);
    say(`${format} is saved.`);
    onError("");
  } catch (error) {
    onError(error.message);
  }
}

function nameOf(job, format) {
  const ending = format === "report" ? ".html" : `.${format}.json`;
  return job.name.replace(/\.[^.]+$/, "") + ending;
}

/** Cancel, while it is not over; null otherwise. */
export function cancelButton(job, onJob, onError) {
  if (over(job)) return null;
  return el("button", {
    type: "button",
    "aria-label": `Cancel ${job.name}`,
    onclick: (event) => attempt(event.currentTarget, async () => onJob(await ask(job.links.cancel, "POST")), onError),
  }, "Cancel");
}

/** Delete with its recording, after asking. */
export function deleteButton(job, onDeleted, onError) {
  return el("button", {
    type: "button",
    class: "quiet",
    "aria-label": `Delete ${job.name}`,
    onclick: async (event) => {
      const button = event.currentTarget;
      const sure = await confirmed(`Delete ${job.name}?`,
        "The recording, its transcript and all results are deleted from the server. This cannot be undone.", "Delete");
      if (!sure) return;
      await attempt(button, async () => {
        await ask(job.links.self, "DELETE");
        onDeleted(job);
      }, onError);
    },
  }, "Delete");
}

async function attempt(button, action, onError) {
  button.disabled = true;
  try {
    await action();
    onError("");
  } catch (error) {
    onError(error.message);
  } finally {
    button.disabled = false;
  }
}
