// Links within the page, and the key to its end. Rows out of view are drawn only when they come
// near, and are then higher or lower than was reckoned, so a jump over many of them lands beside
// its target: once it has ended, it is done again until the target stays where it belongs.
let jumping = null;

function settle() {
  const target = jumping;
  jumping = null;
  let left = 20;
  let calm = 0;
  const place = () => {
    if (!target || jumping || stopped) return;
    const before = target.getBoundingClientRect().top;
    target.scrollIntoView({ behavior: "instant" });
    calm = Math.abs(target.getBoundingClientRect().top - before) < 1 ? calm + 1 : 0;
    left -= 1;
    // What has come near is drawn in the next frames.
    if (left > 0 && calm < 3) requestAnimationFrame(place);
  };
  place();
}

let stopped = false;
let waiting = 0;
function land(target) {
  if (!target) return;
  jumping = target;
  stopped = false;
  clearTimeout(waiting);
  // Where nothing had to be scrolled, or the browser does not tell the end of it.
  waiting = setTimeout(settle, 1500);
}
const jump = (hash) =>
  land(hash.length > 1 ? byId(decodeURIComponent(hash.slice(1))) : null);
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (link && !event.defaultPrevented) jump(link.getAttribute("href"));
});
window.addEventListener("hashchange", () => jump(location.hash));
document.addEventListener("scrollend", () => {
  clearTimeout(waiting);
  settle();
});
// Whoever scrolls on has gone elsewhere.
for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  window.addEventListener(name, () => {
    stopped = true;
    jumping = null;
    clearTimeout(waiting);
  }, { passive: true, capture: true });
}
// After them: what keeps the key for itself scrolls itself, not the page.
const keepsEnd = `${takesKeys}, .table-scroll, dialog`;
document.addEventListener("keydown", (event) => {
  if (event.key !== "End" || event.shiftKey || event.altKey || event.defaultPrevented) return;
  if (!event.target.closest(keepsEnd)) land(document.querySelector("footer"));
});
jump(location.hash);

// On paper, what is folded for room is open.
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = Array.from(document.querySelectorAll(".notices details:not([open])"));
  for (const part of opened) part.open = true;
});
window.addEventListener("afterprint", () => {
  for (const part of opened) part.open = false;
});
