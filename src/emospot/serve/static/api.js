/* The HTTP interface, as the page speaks it. An answer that is not a success becomes an
   ApiError whose message is the server's own sentence. */

import { byId } from "./dom.js";

const NO_ANSWER = "The server does not answer. Is it running, and is this machine connected?";

export class ApiError extends Error {
  /** `status`: 0 where no answer came. `retryAfter`: seconds, or null. */
  constructor(status, sentence, retryAfter = null) {
    super(sentence);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

function failure(status, text, retryAfter) {
  if (status === 401) askToken();
  let sentence = "";
  try {
    sentence = JSON.parse(text).error;
  } catch {
    // A proxy in between answers in HTML, which says nothing to a reader.
  }
  if (typeof sentence !== "string" || !sentence) {
    sentence = "The server answered with status " + status + " and gave no reason.";
  }
  const seconds = Number(retryAfter);
  return new ApiError(status, sentence, retryAfter && seconds >= 0 ? seconds : null);
}

function askToken() {
  const dialog = byId("token");
  if (!dialog.open) dialog.showModal();
}

/** Ask the server; the parsed JSON of its answer, null where it has none. */
export async function ask(path, method = "GET") {
  let answer;
  let text;
  try {
    answer = await fetch(path, { method, headers: { Accept: "application/json" } });
    text = await answer.text();
  } catch {
    throw new ApiError(0, NO_ANSWER);
  }
  if (!answer.ok) throw failure(answer.status, text, answer.headers.get("Retry-After"));
  return text ? JSON.parse(text) : null;
}

/** A file of the server as {blob, told: the name that it gives the file, or undefined}. */
export async function file(path) {
  let answer;
  try {
    answer = await fetch(path);
  } catch {
    throw new ApiError(0, NO_ANSWER);
  }
  if (!answer.ok) throw failure(answer.status, await answer.text(), null);
  const named = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") ?? "");
  return { blob: await answer.blob(), told: named?.[1] && decodeURIComponent(named[1]) };
}

/**
 * Upload a form: fetch() cannot tell how much has gone out, XMLHttpRequest can.
 *
 * `onProgress(share, seconds)`: share sent in [0, 1], seconds since the start.
 * Returns {done: promise of the answer, stop: function}.
 */
export function upload(path, form, onProgress) {
  const request = new XMLHttpRequest();
  const begun = Date.now();
  const done = new Promise((resolve, reject) => {
    request.open("POST", path);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total, (Date.now() - begun) / 1000);
    });
    request.addEventListener("load", () => {
      const { status, responseText } = request;
      if (status >= 200 && status < 300) resolve(JSON.parse(responseText));
      else reject(failure(status, responseText, request.getResponseHeader("Retry-After")));
    });
    // A server that refuses a large body may close before it has read it all.
    request.addEventListener("error", () => reject(new ApiError(0,
      "The upload broke off: the server closed the connection. The file may be larger than it takes.")));
    request.addEventListener("abort", () => reject(new ApiError(-1, "The upload was stopped.")));
    request.send(form);
  });
  return { done, stop: () => request.abort() };
}
