/* Colours and patterns of emotions, as the report draws them: the server tells them, so
   that there is one palette. */

import { ask } from "./api.js";
import { el } from "./dom.js";

const looks = new Map(); // joined labels → promise of label → {colour, pattern}

/** The looks of a model's labels, and of "unsure". */
export function looksOf(labels) {
  const key = labels.join("\n");
  if (!looks.has(key)) {
    const query = labels.map((label) => "label=" + encodeURIComponent(label)).join("&");
    looks.set(key, ask("/palette?" + query)
      .then(({ styles }) => new Map(styles.map((style) => [style.label, style])))
      .catch(() => { looks.delete(key); return new Map(); }));
  }
  return looks.get(key);
}

/** Give an element the colour and the pattern of an emotion. */
export function dress(element, look) {
  element.style.setProperty("--c", look?.colour ?? "#8a9099");
  // "initial", so that a pattern is not inherited from a striped answer around it.
  element.style.setProperty("--weave", !look || look.pattern === "solid" ? "initial" : `var(--${look.pattern})`);
  return element;
}

/** A little square in the emotion's colour. */
export function swatch(look) {
  return dress(el("span", { class: "swatch", "aria-hidden": "true" }), look);
}
