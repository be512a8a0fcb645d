/* The form: which recording, which transcript, which model, how many speakers; dropping,
   choosing and uploading. What is wrong with a file is said before it travels, as far as
   it can be known here; the server looks again. */

import { ApiError, ask, upload } from "./api.js";
import { showCard } from "./card.js";
import { byId, say, tell } from "./dom.js";
import { duration, size, timeLeft } from "./format.js";

const TRANSCRIPTS = /\.(srt|vtt|csv|tsv|textgrid|eaf|rttm|jsonl?|txt)$/i;
const SLOTS = ["recording", "transcript"];

const chosen = { recording: null, transcript: null };
let limits = {};
let again = 0; // timer of a full queue

/** Wire the form; `onAccepted(job)` is called when the server has taken a recording. */
export function setUpForm(onAccepted) {
  for (const slot of SLOTS) {
    byId(slot).addEventListener("change", () => {
      const [file] = byId(slot).files;
      if (file) choose(slot, file);
    });
    document.querySelector(`[data-clear=${slot}]`).addEventListener("click", () => {
      choose(slot, null);
      byId(slot).focus();
    });
  }
  setUpDrop();
  byId("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    send(onAccepted);
  });
}

/** Show what the server offers and allows: models, limits, how long things are kept. */
export function showOffer(models, serverLimits) {
  limits = serverLimits;
  const select = byId("model");
  select.replaceChildren(...models.map((model) => new Option(model.name, model.name)));
  if (models.some((model) => model.name === "bundled")) select.value = "bundled";
  byId("show-card").onclick = () => showCard(models.find((model) => model.name === select.value));
  byId("show-card").disabled = false;
  byId("limits").textContent = limitsInWords(limits);
}

function limitsInWords({ upload_bytes: bytes, media_hours: hours, keep_hours: kept }) {
  return `A recording has at most ${size(bytes)} and ${duration(3600 * hours)}. It stays on this server and is deleted `
    + `with its results ${duration(3600 * kept)} after the analysis ended, or at once when you say so.`;
}

function choose(slot, file) {
  chosen[slot] = file;
  if (!file) byId(slot).value = "";
  const name = byId(slot + "-name");
  tell(name, file ? `${file.name} (${size(file.size)})` : "");
  byId(slot + "-note").hidden = Boolean(file);
  byId(slot + "-slot").classList.toggle("filled", Boolean(file));
  document.querySelector(`[data-clear=${slot}]`).hidden = !file;
  document.querySelector(`label.button[for=${slot}]`).textContent = file ? "Change…" : "Choose…";
  problem(file ? tooLarge(file) : "");
}

function tooLarge(file) {
  if (!limits.upload_bytes || file.size <= limits.upload_bytes) return "";
  return `${file.name} has ${size(file.size)}; this server takes at most ${size(limits.upload_bytes)}. `
    + "Cut it, or send its sound alone.";
}

function problem(text) {
  clearInterval(again);
  tell(byId("ask-error"), text);
}

// Dropping works anywhere on the page, so that nobody hits beside the frame and loses
// the page to the file.
function setUpDrop() {
  const drop = byId("drop");
  const carriesFiles = (event) => Array.from(event.dataTransfer?.types ?? []).includes("Files");
  const here = () => !byId("home").hidden && byId("sending").hidden;
  window.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = here() ? "copy" : "none";
    drop.classList.toggle("over", here());
  });
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("over");
  });
  window.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    drop.classList.remove("over");
    if (here()) takeDropped(Array.from(event.dataTransfer.files));
  });
}

function takeDropped(files) {
  const texts = files.filter((file) => TRANSCRIPTS.test(file.name));
  const media = files.filter((file) => !TRANSCRIPTS.test(file.name));
  if (texts.length > 1 || media.length > 1) {
    return problem("One recording and one transcript at a time, please: "
      + `${media.length} and ${texts.length} were dropped.`);
  }
  if (media.length) choose("recording", media[0]);
  if (texts.length) choose("transcript", texts[0]);
  say("Chosen: " + files.map((file) => file.name).join(", "));
  byId("send").focus();
}

async function send(onAccepted) {
  if (!byId("sending").hidden) return;
  if (!chosen.recording && !chosen.transcript) {
    problem("Choose a recording first, or a transcript.");
    return byId("recording").focus();
  }
  const large = chosen.recording && tooLarge(chosen.recording);
  if (large) return problem(large);
  problem("");
  const form = new FormData();
  // A transcript alone is what is to be analysed.
  form.append("recording", chosen.recording ?? chosen.transcript);
  if (chosen.recording && chosen.transcript) form.append("transcript", chosen.transcript);
  form.append("model", byId("model").value);
  form.append("speakers", byId("speakers").value);
  try {
    onAccepted(await sent(form));
    for (const slot of SLOTS) choose(slot, null);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    explain(error);
  }
}

async function sent(form) {
  const bar = byId("sending-bar");
  const text = byId("sending-text");
  const button = byId("stop-sending");
  const sending = upload("/analyses", form, (share, seconds) => {
    bar.value = share;
    const left = share > 0.02 && seconds > 2 ? ", " + timeLeft((seconds * (1 - share)) / share) : "";
    text.textContent = share < 1 ? `Uploading, ${Math.floor(share * 100)} %${left}` : "Uploaded; the server looks at it";
  });
  bar.value = 0;
  text.textContent = "Uploading";
  byId("sending").hidden = false;
  byId("send").disabled = true;
  say("Uploading");
  button.focus();
  button.addEventListener("click", sending.stop, { once: true });
  window.addEventListener("beforeunload", askFirst);
  try {
    return await sending.done;
  } finally {
    button.removeEventListener("click", sending.stop);
    window.removeEventListener("beforeunload", askFirst);
    byId("sending").hidden = true;
    byId("send").disabled = false;
  }
}

// Closing the page would lose the upload; the browser asks in its own words.
function askFirst(event) {
  event.preventDefault();
}

function explain(error) {
  byId("send").focus();
  if (error.status === -1) return problem("");
  problem(error.message);
  if (error.status === 429) countDown(error);
}

// A full queue: say when it is worth trying again, and leave that to the person.
function countDown(error) {
  let left = Math.ceil(error.retryAfter ?? 30);
  const shown = byId("ask-error");
  const line = document.createElement("span");
  line.setAttribute("aria-live", "off");
  shown.append(" ", line);
  const show = () => {
    line.textContent = left > 0 ? `There may be room in ${left} s; your files stay chosen.`
      : "There may be room now: press Analyse again.";
    if (left-- <= 0) clearInterval(again);
  };
  show();
  again = setInterval(show, 1000);
}

/** The models and limits of the server. */
export async function offer() {
  const [{ models }, { limits: most }] = await Promise.all([ask("/models"), ask("/health")]);
  return { models, limits: most };
}
