/* A model's card: what it may be used for, what it was trained on, how good it is. */

import { byId, el } from "./dom.js";

/** Show the card of a model, as GET /models tells it. */
export function showCard(model) {
  const { card } = model;
  const rows = [
    ["Use", [capital(card.licence || "not stated")]],
    ["Limits", card.limits],
    ["Emotions", [card.labels.labels.join(", ")]],
    ["Reads", Object.values(card.features).map((f) => `${f.modality}: ${f.extractor}${f.pooled ? ", one vector an utterance" : ""}`)],
    ["Language of words", [card.language ? nameOfLanguage(card.language) : "any"]],
    ["Unsure below", [(100 * card.unsure_below).toFixed(0) + " %"]],
    ["Figures", Object.entries(card.scores ?? {}).map(([name, score]) => `${name.replaceAll("_", " ").replace("f1", "F1")}: ${score.toFixed(3)}`)],
  ];
  byId("card-title").textContent = `Model card: ${model.name}`;
  byId("card-rows").replaceChildren(...rows.filter(([, values]) => values.length).map(([name, values]) =>
    el("div", {}, el("dt", {}, name), ...values.map((value) => el("dd", {}, value)))));
  byId("card").showModal();
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function nameOfLanguage(code) {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(code);
  } catch {
    return code; // not a code that the browser knows
  }
}
