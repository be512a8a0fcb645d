/* The microphone through the streaming engine: each utterance is shown as it ends, the one
   that goes on provisionally. Sound goes out and answers come in over one WebSocket. */

import { showCard } from "./card.js";
import { byId, el, saveAs, say, tell } from "./dom.js";
import { clock, clockTenths, percent } from "./format.js";
import { dress, looksOf, swatch } from "./looks.js";
import { openMicrophone, unavailable } from "./microphone.js";

const UNSURE = "unsure";
const PATIENCE = 15000; // milliseconds for the last answers
const BEHIND = 16000 * 2 * 5; // bytes of sound that wait to be sent: five seconds

let session = null;
let answers = [];

/** Wire the view once the server's models are known; its buttons wait for that. */
export function setUpLive(models) {
  const able = models.filter((model) => model.causal);
  const select = byId("live-model");
  select.replaceChildren(...able.map((model) => new Option(model.name, model.name)));
  byId("live-card").onclick = () => showCard(able.find((model) => model.name === select.value));
  byId("live-card").disabled = !able.length;
  byId("live-start").onclick = () => (session ? session.stop() : start());
  byId("live-save").onclick = save;
  const why = unavailable() || (able.length ? "" : "No model of this server can answer live: a causal one is needed.");
  tell(byId("live-error"), why);
  byId("live-start").disabled = Boolean(why);
}

/** The view is left: the microphone must not stay on. */
export function leaveLive() {
  session?.stop();
}

function state(text) {
  byId("live-state").textContent = text;
}

function start() {
  const button = byId("live-start");
  byId("answers").replaceChildren();
  answers = [];
  byId("live-head").hidden = true;
  tell(byId("live-error"), "");
  byId("live-clock").textContent = "0:00";
  session = new Session(byId("live-model").value, () => {
    session = null;
    button.textContent = "Start";
    byId("live-model").disabled = false;
    byId("level").style.removeProperty("--level");
  });
  button.textContent = "Stop";
  byId("live-model").disabled = true;
  session.open();
}

class Session {
  constructor(model, onOver) {
    this.model = model;
    this.onOver = onOver;
    this.closeMicrophone = () => {};
    this.listening = false;
    this.ending = false;
    this.over = false;
    this.pieces = 0;
  }

  async open() {
    state("Asking for the microphone …");
    try {
      const close = await openMicrophone((pcm, level) => this.heard(pcm, level), () => this.stop());
      if (this.over) return close();
      this.closeMicrophone = close;
    } catch (error) {
      return this.fail(error.message);
    }
    state("Getting the model ready …");
    this.socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/live");
    this.socket.addEventListener("open", () => {
      this.send({ sample_rate: 16000, provisional: 1.0, model: this.model });
    });
    this.socket.addEventListener("message", (event) => this.take(JSON.parse(event.data)));
    this.socket.addEventListener("close", () => {
      if (this.ending) this.finish();
      else this.fail("The connection to the server was closed. What was answered stays below; press Start to begin anew.");
    });
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  heard(pcm, level) {
    if (this.over || this.ending) return;
    // Speech lies between -50 and -10 dB.
    const decibels = 20 * Math.log10(level + 1e-6);
    byId("level").style.setProperty("--level", Math.max(0, Math.min(1, (decibels + 55) / 50)).toFixed(3));
    if (!this.listening) return;
    this.pieces += 1;
    byId("live-clock").textContent = clock(this.pieces / 10);
    this.socket.send(pcm);
    if (this.socket.bufferedAmount > BEHIND) state("Listening; the connection is slow, answers come late.");
  }

  take(message) {
    if (this.over) return;
    if (message.type === "ready") {
      this.listening = true;
      state("Listening.");
    } else if (message.type === "answer") {
      show(message);
    } else if (message.type === "error") {
      this.fail(message.error);
    } else if (message.type === "end") {
      this.finish();
    }
  }

  /** Close the microphone, and wait for the answer to what was being said. */
  stop() {
    if (this.ending || this.over) return;
    this.ending = true;
    this.closeMicrophone();
    byId("level").style.removeProperty("--level");
    if (!this.listening) return this.finish();
    state("The last answer …");
    this.send({ type: "end" });
    setTimeout(() => this.finish(), PATIENCE);
  }

  fail(text) {
    if (this.over) return;
    tell(byId("live-error"), text);
    this.finish();
  }

  finish() {
    if (this.over) return;
    this.over = true;
    this.closeMicrophone();
    this.socket?.close();
    // What was provisional when it ended will get no other answer.
    for (const row of document.querySelectorAll(".answer.provisional")) row.classList.add("left");
    state("The microphone is off." + (answers.length ? ` ${answers.length} answered.` : ""));
    this.onOver();
  }
}

/** Show an answer: a new one on top, a later one to the same utterance in its place. */
export async function show(answer) {
  const looks = await looksOf(Object.keys(answer.probabilities));
  const list = byId("answers");
  const id = "answer-" + answer.id;
  const before = document.getElementById(id);
  if (before && !before.classList.contains("provisional")) return; // a late provisional one
  const row = el("li", { id, class: answer.provisional ? "answer provisional" : "answer" },
    head(answer, looks), bars(answer, looks));
  dress(row, looks.get(answer.emotion));
  if (before) before.replaceWith(row);
  else list.prepend(row);
  if (answer.provisional) return;
  answers.push(answer);
  byId("live-head").hidden = false;
  say(`${clock(answer.start ?? 0)}: ${verdict(answer)}`);
}

function strongest(answer) {
  return Object.entries(answer.probabilities).reduce((a, b) => (b[1] > a[1] ? b : a))[0];
}

function verdict(answer) {
  const share = percent(answer.confidence);
  return answer.emotion === UNSURE ? `unsure, at most ${strongest(answer)} ${share}` : `${answer.emotion} ${share}`;
}

function head(answer, looks) {
  const unsure = answer.emotion === UNSURE;
  return el("p", { class: "answer-head" },
    el("span", { class: "when" }, answer.start === null ? "" : `${clockTenths(answer.start)} – ${clockTenths(answer.end)}`),
    answer.provisional ? el("span", { class: "goes-on" }, "goes on, provisional") : null,
    el("span", { class: "emotion" }, swatch(looks.get(answer.emotion)), el("b", {}, answer.emotion),
      el("small", {}, unsure ? `at most ${strongest(answer)} ${percent(answer.confidence)}` : percent(answer.confidence))));
}

function bars(answer, looks) {
  return el("ul", { class: "small-bars" }, ...Object.entries(answer.probabilities).map(([label, share]) => {
    const bar = dress(el("span", { class: "small-bar", "aria-hidden": "true" }), looks.get(label));
    bar.style.setProperty("--p", (100 * share).toFixed(1) + "%");
    return el("li", {}, el("span", { class: "small-label" }, label), bar, el("span", { class: "num" }, percent(share)));
  }));
}

function save() {
  const lines = answers.map((answer) => JSON.stringify(answer) + "\n");
  saveAs(new Blob(lines, { type: "application/jsonl" }), "live.jsonl");
}
