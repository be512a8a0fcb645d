// Single keys, where nothing that takes keys itself has the focus.
const help = byId("keys");
const keysOn = byId("keys-on");
byId("show-keys").hidden = false;
byId("show-keys").addEventListener("click", () => help.showModal());
byId("keys-close").addEventListener("click", () => help.close());

// The row that the keys speak of: the one in focus, else the one heard, else the chosen one.
const current = () => document.activeElement?.closest("#transcript article.u")
  || heard[0] || chosen;

function toRow(steps) {
  const visible = rows.filter((row) => !row.hidden);
  const place = visible.indexOf(current());
  const to = place < 0 ? (steps > 0 ? 0 : visible.length - 1) : place + steps;
  const row = visible[to];
  if (!row) return;
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "center" });
}
function toggleEvidence() {
  const row = current();
  if (!row) return;
  const details = row.querySelector("details");
  details.open = !details.open;
  if (details.open) row.scrollIntoView({ block: "nearest" });
}
const skip = (seconds) => player && play(Math.max(0, player.currentTime + seconds));

const ACTS = {
  " ": playOrPause,
  ArrowLeft: () => skip(-5),
  ArrowRight: () => skip(5),
  j: () => toRow(1),
  k: () => toRow(-1),
  e: toggleEvidence,
  s: () => current() && playRow(current()),
  n: () => toHotspot(1),
  p: () => toHotspot(-1),
  t: () => chart?.querySelector('a[tabindex="0"]')?.focus(),
  l: () => showLanes(),
  "+": () => zoomBy(1.6),
  "=": () => zoomBy(1.6),
  "-": () => zoomBy(1 / 1.6),
  0: () => zoomBy(0),
  "?": () => help.showModal(),
};
const takesKeys = "input, select, textarea, audio, video, [contenteditable]";
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Escape" && !help.open) return deselect();
  if (!keysOn.checked || help.open) return;
  if (event.target.closest(takesKeys)) return;
  if (event.key === " " && event.target.closest("button, summary, a, [role=button]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!Object.hasOwn(ACTS, key)) return;
  if (ACTS[key]() !== false) event.preventDefault();
});
