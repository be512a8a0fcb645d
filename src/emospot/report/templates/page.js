"use strict";
(function () {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const utterances = Array.from(document.querySelectorAll("article.u"));
  const player = byId("player");
  for (const tools of document.querySelectorAll(".zoom, .tools")) tools.hidden = false;

  // Seeking: every time that is shown as a button, every block, every hotspot.
  function seek(seconds) {
    if (!player || !Number.isFinite(seconds)) return;
    player.currentTime = seconds;
    const started = player.play();
    if (started) started.catch(() => {});
  }
  if (player) {
    const giveUp = () => {
      byId("player-note").hidden = false;
      player.style.display = "none";
    };
    player.addEventListener("error", giveUp);
    if (player.error) giveUp();
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".seek");
    if (button) return seek(Number(button.dataset.t));
    const block = event.target.closest("#chart a");
    if (block) return seek(Number(byId(block.getAttribute("href").slice(1)).dataset.t));
    const mark = event.target.closest("#chart .h rect");
    if (mark) {
      seek((parseFloat(mark.getAttribute("x")) / 100) * data.seconds);
      const row = utterances[Number(mark.dataset.u)];
      row.querySelector("details").open = true;
      row.scrollIntoView({ block: "center" });
    }
  });

  const chart = byId("chart");
  if (chart) timeline();
  transcript();
  gates();

  function timeline() {
    const scroller = byId("scroller");
    const slider = byId("zoom");
    const ticks = byId("ticks");
    const tickModel = ticks.firstElementChild.cloneNode(true);
    const blocks = Array.from(chart.querySelectorAll(".b"), (box) => ({
      share: parseFloat(box.getAttribute("width")) / 100,
      label: data.labels[Number(/\be(\d+)\b/.exec(box.getAttribute("class"))[1])],
      text: box.lastElementChild,
    }));
    const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
    let zoom = 1;

    const fitWidth = () => Math.max(scroller.clientWidth, 640);
    // 100 pixels a second show the shortest hotspots.
    const greatest = () => Math.max(2, (100 * data.seconds) / fitWidth());

    function clock(seconds, tenths) {
      const units = tenths ? Math.round(seconds * 10) : Math.round(seconds) * 10;
      const hours = Math.floor(units / 36000);
      const minutes = Math.floor(units / 600) % 60;
      const rest = ((units % 600) / 10).toFixed(tenths ? 1 : 0).padStart(tenths ? 4 : 2, "0");
      return (hours ? hours + ":" + String(minutes).padStart(2, "0") : minutes) + ":" + rest;
    }

    // Only the ticks in view exist, so their number does not grow with the zoom.
    function drawTicks() {
      const width = fitWidth() * zoom;
      const perPixel = data.seconds / width;
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
      for (const block of blocks) {
        const pixels = block.share * width;
        const letters = Array.from(block.label);
        const fitting = Math.floor((pixels - 10) / 6.6);
        const text = fitting >= letters.length ? block.label
          : fitting >= 4 ? letters.slice(0, fitting - 1).join("") + "…" : "";
        if (block.text.textContent !== text) block.text.textContent = text;
      }
    }

    // `anchor`: the pixel of the view that keeps its time.
    function setZoom(wanted, anchor) {
      const before = (scroller.scrollLeft + anchor) / (fitWidth() * zoom);
      zoom = Math.min(Math.max(wanted, 1), greatest());
      chart.style.width = fitWidth() * zoom + "px";
      scroller.scrollLeft = before * fitWidth() * zoom - anchor;
      slider.value = (100 * Math.log(zoom)) / Math.log(greatest());
      // The same rule as `dense` in timeline.py.
      chart.classList.toggle("dense", data.seconds / (fitWidth() * zoom) > 0.1);
      drawLabels();
      drawTicks();
    }
    const middle = () => scroller.clientWidth / 2;
    slider.addEventListener("input", () => {
      setZoom(Math.pow(greatest(), slider.value / 100), middle());
    });
    byId("zoom-in").addEventListener("click", () => setZoom(zoom * 1.6, middle()));
    byId("zoom-out").addEventListener("click", () => setZoom(zoom / 1.6, middle()));
    byId("zoom-fit").addEventListener("click", () => setZoom(1, 0));
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
    if (player) follow(scroller);
  }

  // The playhead, and the utterance that is being heard.
  function follow(scroller) {
    const head = byId("playhead");
    const timed = utterances.filter((row) => row.dataset.t !== undefined)
      .map((row) => ({
        row, start: Number(row.dataset.t), end: Number(row.dataset.end ?? row.dataset.t),
        block: chart.querySelector('a[href="#' + row.id + '"]'),
      }))
      .sort((a, b) => a.start - b.start);
    let now = null;
    function mark(next) {
      if (next === now) return;
      for (const [item, on] of [[now, false], [next, true]]) {
        if (!item) continue;
        item.row.classList.toggle("now", on);
        item.block.classList.toggle("now", on);
      }
      now = next;
    }
    function draw() {
      const time = player.currentTime;
      head.setAttribute("visibility", "visible");
      for (const name of ["x1", "x2"]) head.setAttribute(name, (100 * time) / data.seconds + "%");
      const x = (time / data.seconds) * chart.getBoundingClientRect().width - scroller.scrollLeft;
      if (!player.paused && (x < 0 || x > scroller.clientWidth)) scroller.scrollLeft += x - 40;
      let low = 0;
      let high = timed.length;
      while (low < high) {
        const mid = (low + high) >> 1;
        if (timed[mid].start <= time) low = mid + 1; else high = mid;
      }
      const found = timed[low - 1];
      mark(found && time <= found.end ? found : null);
      if (!player.paused) requestAnimationFrame(draw);
    }
    for (const name of ["play", "seeked"]) player.addEventListener(name, draw);
  }

  function transcript() {
    const speaker = byId("by-speaker");
    const emotion = byId("by-emotion");
    function filter() {
      let shown = 0;
      for (const row of utterances) {
        const there = (speaker.selectedIndex === 0 || row.dataset.speaker === speaker.value)
          && (emotion.value === "" || row.classList.contains(emotion.value));
        row.hidden = !there;
        shown += there;
      }
      byId("filter-note").textContent = shown === utterances.length ? ""
        : shown + " of " + utterances.length + " utterances";
    }
    speaker.addEventListener("change", filter);
    emotion.addEventListener("change", filter);
    // Browsers keep a choice over a reload.
    filter();
    // A link to an utterance that the filter hides must still lead to it.
    function reveal() {
      const row = location.hash.startsWith("#u") ? byId(location.hash.slice(1)) : null;
      if (!row || !row.hidden) return;
      speaker.selectedIndex = 0;
      emotion.value = "";
      filter();
      row.scrollIntoView();
    }
    window.addEventListener("hashchange", reveal);
    const all = byId("open-all");
    all.addEventListener("click", () => {
      const open = all.getAttribute("aria-pressed") !== "true";
      all.setAttribute("aria-pressed", String(open));
      all.textContent = open ? "Close all evidence" : "Open all evidence";
      for (const row of utterances) row.querySelector("details").open = open;
    });
  }

  // A line under each text, made when it comes into view.
  function gates() {
    const toggle = byId("show-gates");
    if (!toggle) return;
    function line(row) {
      // Offsets count characters as Python does, not UTF-16 units.
      const letters = Array.from(row.querySelector(".text").textContent);
      const made = document.createElement("p");
      made.className = "gates";
      made.setAttribute("aria-label", "Gate strength of each word piece");
      let at = 0;
      const gates = data.gates[row.dataset.id];
      for (let i = 0; i < gates.length; i += 3) {
        const [start, end, gate] = [gates[i], gates[i + 1], gates[i + 2] / 100];
        if (start > at) made.append(letters.slice(at, start).join(""));
        const piece = document.createElement("span");
        piece.style.setProperty("--g", gate);
        piece.title = "gate " + gate;
        piece.textContent = letters.slice(start, end).join("");
        made.append(piece);
        at = Math.max(at, end);
      }
      made.append(letters.slice(at).join(""));
      row.querySelector(".text").after(made);
    }
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        watcher.unobserve(entry.target);
        if (!entry.target.querySelector(".gates")) line(entry.target);
      }
    }, { rootMargin: "400px" });
    const rows = utterances.filter((row) => Object.hasOwn(data.gates, row.dataset.id)
      && row.querySelector(".text:not(.none)"));
    function apply() {
      byId("gate-key").hidden = !toggle.checked;
      if (toggle.checked) {
        for (const row of rows) watcher.observe(row);
      } else {
        watcher.disconnect();
        for (const made of document.querySelectorAll(".gates")) made.remove();
      }
    }
    toggle.addEventListener("change", apply);
    apply();
  }
})();
