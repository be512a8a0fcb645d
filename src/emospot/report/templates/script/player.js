"use strict";
// The scripts of the report, one after the other, are one script: what stands outside of
// functions is known to all of them.
const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const rows = Array.from(document.querySelectorAll("#transcript article.u"));
const player = byId("player");
const timeOf = (element) => Number(element.dataset.t);
const endOf = (element) => Number(element.dataset.end ?? element.dataset.t);
for (const tools of document.querySelectorAll(".zoom, .tools")) tools.hidden = false;

// Plays from a moment on; with an end, that span alone, but no less than can be heard.
const SHORTEST = 0.5;
let until = null;
let asked = null;
function play(start, end) {
  if (!player || player.error || !Number.isFinite(start)) return;
  until = Number.isFinite(end) && end > start ? Math.max(end, start + SHORTEST) : null;
  asked = start;
  player.currentTime = start;
  const started = player.play();
  if (started) started.catch(() => {});
}
function playOrPause() {
  if (!player) return false;
  until = null;
  if (player.paused) player.play().catch(() => {}); else player.pause();
}
const playRow = (row) => play(timeOf(row), endOf(row));

const timed = rows.filter((row) => row.dataset.t !== undefined)
  .map((row) => ({ row, start: timeOf(row), end: endOf(row) }))
  .sort((a, b) => a.start - b.start);
const onTime = []; // called with the time at each step of the player
const onNow = []; // called with the rows that are being heard, when they change
let heard = [];

// Utterances may overlap: a few that began before are looked at.
function rowsAt(time) {
  let low = 0;
  let high = timed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timed[middle].start <= time) low = middle + 1; else high = middle;
  }
  return timed.slice(Math.max(0, low - 8), low).filter((item) => time <= item.end)
    .map((item) => item.row);
}

function step() {
  const time = player.currentTime;
  if (until !== null && !player.paused && time >= until) {
    until = null;
    player.pause();
  }
  for (const act of onTime) act(time);
  const next = rowsAt(time);
  for (const row of heard) if (!next.includes(row)) row.classList.remove("now");
  for (const row of next) {
    row.classList.add("now");
    for (const word of row.querySelectorAll("mark[data-t]")) {
      word.classList.toggle("playing", timeOf(word) <= time && time <= endOf(word));
    }
  }
  if (next.length !== heard.length || next.some((row, i) => row !== heard[i])) {
    for (const row of heard) {
      for (const word of row.querySelectorAll(".playing")) word.classList.remove("playing");
    }
    heard = next;
    for (const act of onNow) act(heard);
  }
}

function emotionOf(row) {
  const said = row.querySelector(".head .emotion");
  return said.textContent.trim().replace(/\s+/g, " ");
}

if (player) {
  const giveUp = () => {
    byId("player-note").hidden = false;
    byId("now").hidden = true;
    player.style.display = "none";
  };
  player.addEventListener("error", giveUp);
  // One that did not lie here when the page was written is asked for when it is played.
  player.addEventListener("loadedmetadata", () => { byId("player-note").hidden = true; });
  if (player.error) giveUp();
  else byId("now").hidden = timed.length === 0;

  let running = false;
  const run = () => {
    step();
    running = !player.paused;
    if (running) requestAnimationFrame(run);
  };
  player.addEventListener("play", () => { if (!running) run(); });
  // A page in the background gets no animation frames.
  for (const name of ["seeked", "timeupdate", "pause"]) player.addEventListener(name, step);
  // Whoever moves the player elsewhere wants to go on from there.
  player.addEventListener("seeking", () => {
    if (asked === null || Math.abs(player.currentTime - asked) > 0.05) until = null;
    asked = null;
  });

  onNow.push(([row]) => {
    const line = byId("now-text");
    if (!row) return line.replaceChildren();
    const swatch = row.querySelector(".swatch").cloneNode();
    const who = document.createElement("b");
    who.textContent = row.querySelector("h3").textContent;
    const said = row.querySelector(".text:not(.none)");
    line.replaceChildren(swatch, who, " ", emotionOf(row), said ? " · " + said.textContent : "");
  });
  const near = (steps) => {
    const time = player.currentTime;
    const last = timed.findLastIndex((item) => item.start <= time + 0.01);
    const item = timed[Math.min(Math.max(last + steps, 0), timed.length - 1)];
    if (item) play(item.start);
  };
  // The controls of a small video are hard to hit.
  const button = byId("play");
  if (button) {
    button.addEventListener("click", playOrPause);
    for (const name of ["play", "pause"]) {
      player.addEventListener(name, () => { button.textContent = player.paused ? "Play" : "Pause"; });
    }
  }
  byId("before").addEventListener("click", () => near(-1));
  byId("after").addEventListener("click", () => near(1));
  byId("next-spot").addEventListener("click", () => toHotspot(1));

  // Words with a hotspot are played by mouse and by keyboard.
  for (const word of document.querySelectorAll("mark[data-t]")) {
    word.tabIndex = 0;
    word.setAttribute("role", "button");
  }
  // The player takes less room once the reader has gone on.
  new IntersectionObserver(([entry]) => {
    byId("sound").classList.toggle("stuck", entry.boundingClientRect.top < 0);
  }).observe(byId("above-player"));
}

document.addEventListener("click", (event) => {
  const moment = event.target.closest(".seek, mark[data-t]");
  if (moment) play(timeOf(moment), endOf(moment));
});
document.addEventListener("keydown", (event) => {
  if ((event.key === "Enter" || event.key === " ") && event.target.matches("mark[data-t]")) {
    event.preventDefault();
    event.target.click();
  }
});
