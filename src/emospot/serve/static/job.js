/* An analysis on the server: its states and stages in words, and following it as it changes.

   Changes come as server-sent events. Where that does not work (the connection broke, the
   server starts again, a proxy holds events back), the job is asked for again and again, and
   events are tried once more as soon as the server answers. */

import { ask } from "./api.js";

export const STATES = {
  queued: "Waiting",
  running: "Running",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

export const STAGES = [
  ["decode", "Recording"],
  ["words", "Words"],
  ["voice", "Voice"],
  ["face", "Face"],
  ["model", "Emotions"],
];

/** Formats of the exports: name in the address → what it is called, grouped by use. */
export const EXPORTS = [
  ["Subtitles", [["srt", "SRT"], ["vtt", "WebVTT"]]],
  ["Tables", [["csv", "CSV"], ["jsonl", "JSON Lines"]]],
  ["Annotation", [["textgrid", "Praat TextGrid"], ["eaf", "ELAN .eaf"], ["rttm", "RTTM"],
    ["webannotation", "Web annotations"]]],
];

export const over = (job) => !["queued", "running"].includes(job.state);

const SILENCE = 8000; // milliseconds after which events are taken to be held back
const SLOWEST = 10000;
const TRIES = 3; // broken event streams in a row, then polling only

/**
 * Follow a job until it is over.
 *
 * `onJob(job)`: its state, at first and whenever it has changed.
 * `onTrouble(text)`: why nothing is heard at present; "" once it is again.
 * `onGone()`: there is no such analysis.
 * Returns a function that stops following.
 */
export function follow(job, { onJob, onTrouble, onGone }) {
  let events = null;
  let timer = 0;
  let broken = 0;
  let wait = 1000;
  let stopped = false;

  function stop() {
    stopped = true;
    events?.close();
    clearTimeout(timer);
  }

  function take(next) {
    if (stopped) return;
    wait = 1000;
    onTrouble("");
    onJob(next);
    if (over(next)) stop();
  }

  function listen() {
    events = new EventSource(job.links.events);
    timer = setTimeout(fallBack, SILENCE);
    events.addEventListener("job", (event) => {
      clearTimeout(timer);
      broken = 0;
      take(JSON.parse(event.data));
    });
    events.addEventListener("error", fallBack);
  }

  function fallBack() {
    events?.close();
    events = null;
    clearTimeout(timer);
    broken += 1;
    if (!stopped) poll();
  }

  async function poll() {
    try {
      const next = await ask(job.links.self);
      take(next);
      if (stopped) return;
      if (broken < TRIES) return listen();
    } catch (error) {
      if (stopped) return;
      if (error.status === 404) {
        stop();
        return onGone();
      }
      broken = 0;
      onTrouble(error.message + " Trying again.");
      wait = Math.min(SLOWEST, wait * 1.5);
    }
    timer = setTimeout(poll, wait);
  }

  if (!over(job)) listen();
  return stop;
}

/** Where its parts lie below `job.links.self`. */
export const exportAddress = (job, format) => job.links.self + "/exports/" + format;
