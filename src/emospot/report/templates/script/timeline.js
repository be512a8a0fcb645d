// The timeline: zoom, blocks, the playhead, a line of probabilities under the pointer.
const chart = byId("chart");
const blockOf = new Map(); // row → its block
let setZoom = () => {};
let zoomBy = () => {};
let showLanes = () => {};

function clock(seconds, tenths) {
  const units = tenths ? Math.round(seconds * 10) : Math.round(seconds) * 10;
  const hours = Math.floor(units / 36000);
  const minutes = Math.floor(units / 600) % 60;
  const rest = ((units % 600) / 10).toFixed(tenths ? 1 : 0).padStart(tenths ? 4 : 2, "0");
  return (hours ? hours + ":" + String(minutes).padStart(2, "0") : minutes) + ":" + rest;
}

if (chart) {
  for (const block of chart.querySelectorAll(".speaker a")) {
    blockOf.set(byId(block.getAttribute("href").slice(1)), block);
  }
  zooming();
  blocks();
  lanes();
  underPointer();
  if (player) playhead();
}

function zooming() {
  const scroller = byId("scroller");
  const slider = byId("zoom");
  const ticks = byId("ticks");
  const tickModel = ticks.firstElementChild.cloneNode(true);
  const boxes = Array.from(chart.querySelectorAll(".b"), (box) => ({
    share: parseFloat(box.getAttribute("width")) / 100,
    label: box.dataset.label
      ?? data.labels[Number(/\be(\d+)\b/.exec(box.getAttribute("class"))[1])],
    text: box.lastElementChild,
  }));
  const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
  let zoom = 1;

  const fitWidth = () => Math.max(scroller.clientWidth, 640);
  // 100 pixels a second show the shortest hotspots.
  const greatest = () => Math.max(2, (100 * data.seconds) / fitWidth());

  // Only the ticks in view exist, so their number does not grow with the zoom.
  function drawTicks() {
    const perPixel = data.seconds / (fitWidth() * zoom);
    const step = steps.find((candidate) => candidate / perPixel >= 80) || 28800;
    const from = Math.max(0, Math.floor((scroller.scrollLeft * perPixel) / step) * step);
    const to = Math.min(data.seconds, (scroller.scrollLeft + scroller.clientWidth) * perPixel);
    const drawn = [];
    for (let time = from; time <= to; time += step) {
      const tick = tickModel.cloneNode(true);
      const x = ((100 * time) / data.seconds).toFixed(5) + "%";
      tick.firstElementChild.setAttribute("x1", x);
      tick.firstElementChild.setAttribute("x2", x);
      tick.lastElementChild.setAttribute("x", x);
      tick.lastElementChild.textContent = clock(time, step < 1);
      drawn.push(tick);
    }
    ticks.replaceChildren(...drawn);
  }

  // The same rule as fitting_label in timeline.py.
  function drawLabels() {
    const width = fitWidth() * zoom;
    for (const box of boxes) {
      const letters = Array.from(box.label);
      const fitting = Math.floor((box.share * width - 10) / 6.6);
      const text = fitting >= letters.length ? box.label
        : fitting >= 4 ? letters.slice(0, fitting - 1).join("") + "…" : "";
      if (box.text.textContent !== text) box.text.textContent = text;
    }
  }

  // `anchor`: the pixel of the view that keeps its time.
  setZoom = (wanted, anchor) => {
    const before = (scroller.scrollLeft + anchor) / (fitWidth() * zoom);
    zoom = Math.min(Math.max(wanted, 1), greatest());
    chart.style.width = fitWidth() * zoom + "px";
    scroller.scrollLeft = before * fitWidth() * zoom - anchor;
    slider.value = (100 * Math.log(zoom)) / Math.log(greatest());
    // The same rule as `dense` in timeline.py.
    chart.classList.toggle("dense", data.seconds / (fitWidth() * zoom) > 0.1);
    drawLabels();
    drawTicks();
  };
  const middle = () => scroller.clientWidth / 2;
  zoomBy = (factor) => (factor ? setZoom(zoom * factor, middle()) : setZoom(1, 0));
  slider.addEventListener("input", () => {
    setZoom(Math.pow(greatest(), slider.value / 100), middle());
  });
  byId("zoom-in").addEventListener("click", () => zoomBy(1.6));
  byId("zoom-out").addEventListener("click", () => zoomBy(1 / 1.6));
  byId("zoom-fit").addEventListener("click", () => zoomBy(0));
  scroller.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const left = scroller.getBoundingClientRect().left;
    setZoom(zoom * Math.pow(1.0025, -event.deltaY), event.clientX - left);
  }, { passive: false });
  let waiting = false;
  scroller.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawTicks(); });
  }, { passive: true });
  window.addEventListener("resize", () => setZoom(zoom, middle()));
  setZoom(1, 0);
}

const timeAt = (event) => {
  const box = chart.getBoundingClientRect();
  return ((event.clientX - box.left) / box.width) * data.seconds;
};
const rowOfLane = (lane, time) => rowsAt(time)
  .find((row) => row.dataset.speaker === lane.dataset.speaker);

// Blocks, hotspots, strips and sound answer to a click; blocks are walked through by keys.
function blocks() {
  const scroller = byId("scroller");
  const order = timed.map((item) => blockOf.get(item.row));
  const rowOf = new Map(Array.from(blockOf, ([row, block]) => [block, row]));
  // One stop of the tabulator: the block that was left last.
  scroller.removeAttribute("tabindex");
  let stop = order[0];
  stop.setAttribute("tabindex", "0");
  function enter(block) {
    stop.setAttribute("tabindex", "-1");
    stop = block;
    stop.setAttribute("tabindex", "0");
    bringIntoView(block);
    stop.focus({ preventScroll: true });
  }
  function bringIntoView(block) {
    const box = block.getBoundingClientRect();
    const view = scroller.getBoundingClientRect();
    if (box.left < view.left || box.right > view.right) {
      scroller.scrollLeft += box.left - view.left - view.width / 3;
    }
  }
  chart.addEventListener("keydown", (event) => {
    const place = order.indexOf(event.target.closest("a"));
    if (place < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { ArrowLeft: place - 1, ArrowUp: place - 1, ArrowRight: place + 1,
      ArrowDown: place + 1, Home: 0, End: order.length - 1 }[event.key];
    if (to !== undefined) {
      if (order[to]) enter(order[to]);
    } else if (event.key === " ") {
      order[place].dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  chart.addEventListener("click", (event) => {
    const block = event.target.closest("a");
    const mark = event.target.closest(".h rect");
    const lane = event.target.closest(".probabilities");
    if (block) {
      event.preventDefault();
      playRow(rowOf.get(block));
      select(rowOf.get(block));
    } else if (mark) {
      playHotspot(mark);
    } else if (lane) {
      const row = rowOfLane(lane, timeAt(event));
      if (row) { playRow(row); select(row); }
    } else {
      play(timeAt(event));
    }
  });
}

// All hotspots of the timeline in order of time.
const spots = chart ? Array.from(chart.querySelectorAll(".h rect"), (mark) => ({
  mark,
  start: (parseFloat(mark.getAttribute("x")) / 100) * data.seconds,
  end: ((parseFloat(mark.getAttribute("x")) + parseFloat(mark.getAttribute("width"))) / 100)
    * data.seconds,
})).sort((a, b) => a.start - b.start) : [];
let lastSpot = -1;
function playHotspot(mark) {
  lastSpot = spots.findIndex((spot) => spot.mark === mark);
  const spot = spots[lastSpot];
  for (const other of chart.querySelectorAll(".h .hit")) other.classList.remove("hit");
  mark.classList.add("hit");
  play(spot.start, spot.end);
  select(rows[Number(mark.dataset.u)], spot.start);
}
function toHotspot(steps) {
  if (!spots.length) return;
  let to = lastSpot + steps;
  // Whoever has moved the player elsewhere goes on from there.
  const last = spots[lastSpot];
  const away = player && last
    && (player.currentTime < last.start - 1 || player.currentTime > last.end + 1);
  if (away || (!last && player)) {
    const after = spots.findIndex((spot) => spot.start >= player.currentTime);
    to = steps > 0 ? after : (after < 0 ? spots.length : after) - 1;
  }
  if (spots[to]) playHotspot(spots[to].mark);
}

function lanes() {
  const choices = Array.from(document.querySelectorAll('input[name="lanes"]'));
  const apply = () => {
    const only = choices.find((choice) => choice.checked)?.value === "labels";
    byId("timeline").classList.toggle("labels-only", only);
  };
  for (const choice of choices) choice.addEventListener("change", apply);
  showLanes = () => {
    choices.find((choice) => !choice.checked).checked = true;
    apply();
  };
  // Browsers keep a choice over a reload.
  apply();
}

// The probabilities of the utterance under the pointer.
function underPointer() {
  const tip = byId("tip");
  const hide = () => { tip.hidden = true; };
  for (const lane of chart.querySelectorAll(".probabilities")) {
    lane.addEventListener("pointerleave", hide);
    lane.addEventListener("pointermove", (event) => {
      const row = rowOfLane(lane, timeAt(event));
      if (!row || event.pointerType === "touch") return hide();
      if (tip.dataset.of !== row.id) {
        const title = document.createElement("b");
        title.textContent = clock(timeOf(row), true) + " " + emotionOf(row);
        const bars = row.querySelector(".bars");
        tip.replaceChildren(title, ...(bars ? [bars.cloneNode(true)] : []));
        tip.dataset.of = row.id;
      }
      tip.hidden = false;
      const box = tip.getBoundingClientRect();
      const x = Math.min(event.clientX + 14, document.documentElement.clientWidth - box.width - 8);
      const above = event.clientY + 18 + box.height > window.innerHeight;
      tip.style.left = x + "px";
      tip.style.top = (above ? event.clientY - box.height - 12 : event.clientY + 18) + "px";
    });
  }
}

function playhead() {
  const scroller = byId("scroller");
  const line = byId("playhead");
  onTime.push((time) => {
    line.setAttribute("visibility", "visible");
    for (const name of ["x1", "x2"]) line.setAttribute(name, (100 * time) / data.seconds + "%");
    if (player.paused) return;
    const x = (time / data.seconds) * chart.getBoundingClientRect().width - scroller.scrollLeft;
    if (x < 0 || x > scroller.clientWidth) scroller.scrollLeft += x - 40;
  });
  let marked = [];
  onNow.push((now) => {
    for (const block of marked) block.classList.remove("now");
    marked = now.map((row) => blockOf.get(row)).filter(Boolean);
    for (const block of marked) block.classList.add("now");
  });
}
