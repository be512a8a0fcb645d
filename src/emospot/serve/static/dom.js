/* Making and finding elements. Foreign text (file names, errors, labels) enters the page
   here and nowhere else, always as text: no HTML is ever parsed by this page. */

export const byId = (id) => document.getElementById(id);

/**
 * An element with attributes, listeners and children.
 *
 * `attributes`: true sets it without a value, false and null leave it out, a function under
 * "onclick" and the like listens. Strings among the children become text.
 */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Show `text` in `element`, or hide it where there is none. Unchanged text is left alone,
 *  so that a screen reader does not say it twice. */
export function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}

/** Have a screen reader say something that the eye sees anyway. */
export function say(text) {
  byId("said").textContent = text;
}

/** Save a blob as a file of the reader's. */
export function saveAs(blob, name) {
  const address = URL.createObjectURL(blob);
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** Ask before what cannot be undone; resolves to whether it was confirmed. */
export function confirmed(title, text, yes) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-yes").textContent = yes;
  dialog.returnValue = "no"; // Escape leaves it as it is
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
