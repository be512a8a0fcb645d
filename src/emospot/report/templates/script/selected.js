// The utterance that was chosen in the timeline stands under it, with its evidence open;
// arcs lead from the turns that the graph read to the one that was opened last.
let chosen = null;

function select(row, spotStart) {
  const box = byId("selected");
  if (!box || !row) return;
  chosen = row;
  const copy = row.cloneNode(true);
  copy.removeAttribute("id");
  copy.hidden = false;
  for (const part of [copy, ...copy.querySelectorAll(".now, .playing")]) {
    part.classList.remove("now", "playing");
  }
  copy.querySelector("details").open = true;
  for (const line of copy.querySelectorAll(".spots li")) {
    const moment = line.querySelector("[data-t]");
    const near = moment && Math.abs(timeOf(moment) - spotStart) < 0.05;
    line.classList.toggle("hit", Boolean(near));
  }
  const bar = document.createElement("div");
  bar.className = "selected-bar";
  const place = document.createElement("span");
  place.textContent = "Utterance " + (rows.indexOf(row) + 1) + " of " + rows.length;
  const there = document.createElement("a");
  there.href = "#" + row.id;
  there.textContent = "in the transcript";
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", deselect);
  bar.append(place, there, close);
  box.replaceChildren(bar, copy);
  box.hidden = false;
  drawArcs(row);
}

function deselect() {
  const box = byId("selected");
  if (!box) return;
  const back = box.contains(document.activeElement) ? blockOf.get(chosen) : null;
  box.hidden = true;
  box.replaceChildren();
  drawArcs(null);
  for (const mark of chart.querySelectorAll(".h .hit")) mark.classList.remove("hit");
  if (back) back.focus();
}

function drawArcs(row) {
  if (!chart) return;
  for (const block of chart.querySelectorAll("a.read, a.chosen")) {
    block.classList.remove("read", "chosen");
  }
  const block = row && blockOf.get(row);
  if (block) block.classList.add("chosen");
  const arcs = byId("arcs");
  if (!arcs) return;
  arcs.replaceChildren();
  byId("arc-hint").textContent = !block ? "Choose an utterance: arcs show the turns read most for it."
    : row.querySelector(".evenly") ? "The graph looked about evenly at the turns around." : "";
  if (!block) return;
  const middle = (one) => (1000 * (timeOf(one) + endOf(one))) / 2 / data.seconds;
  const to = middle(row);
  for (const link of row.querySelectorAll(".neighbours a")) {
    const other = byId(link.getAttribute("href").slice(1));
    if (!blockOf.has(other)) continue;
    blockOf.get(other).classList.add("read");
    const from = middle(other);
    const arc = document.createElementNS(arcs.namespaceURI, "path");
    arc.setAttribute("d", `M${from} 34C${from} 2 ${to} 2 ${to} 34`);
    arc.style.setProperty("--w", link.dataset.w);
    const title = document.createElementNS(arcs.namespaceURI, "title");
    title.textContent = link.textContent + ": " + link.parentNode.querySelector("i").textContent;
    arc.append(title);
    arcs.append(arc);
  }
}

drawArcs(null);

// Within the chosen utterance, links to its neighbours choose these.
byId("selected")?.addEventListener("click", (event) => {
  const link = event.target.closest(".neighbours a");
  if (!link) return;
  event.preventDefault();
  select(byId(link.getAttribute("href").slice(1)));
  byId("selected").querySelector("a").focus();
});
// Evidence that is opened in the transcript draws its arcs too, unless all is opened at once.
let openingAll = false;
byId("transcript").addEventListener("toggle", (event) => {
  const row = event.target.closest("article.u");
  if (row && event.target.open && !openingAll) drawArcs(row);
}, true);

// The timeline as a table, made when it is opened.
const asTable = byId("as-table");
if (asTable) {
  asTable.hidden = false;
  asTable.addEventListener("toggle", () => {
    const place = asTable.querySelector(".table-scroll");
    if (!asTable.open || place.firstChild) return;
    const table = document.createElement("table");
    const cell = (line, text, kind = "td") => {
      const made = document.createElement(kind);
      made.textContent = text;
      line.append(made);
      return made;
    };
    const classes = data.labels.filter((label) => label !== "unsure");
    const head = table.createTHead().insertRow();
    for (const name of ["Start", "End", "Speaker", "Answer", ...classes, "Hotspots"]) {
      cell(head, name, "th").scope = "col";
    }
    const body = table.createTBody();
    for (const { row, start, end } of timed) {
      const line = body.insertRow();
      const link = document.createElement("a");
      link.href = "#" + row.id;
      link.textContent = clock(start, true);
      const first = cell(line, "", "th");
      first.scope = "row";
      first.append(link);
      cell(line, clock(end, true));
      cell(line, row.querySelector("h3").textContent);
      cell(line, row.querySelector(".emotion b").textContent);
      // Utterances may come from models with other classes.
      const shares = new Map(Array.from(row.querySelectorAll(".bars li"), (bar) =>
        [bar.firstChild.textContent, bar.lastChild.textContent]));
      for (const name of classes) cell(line, shares.get(name) ?? "");
      cell(line, row.querySelectorAll(".spots li").length);
    }
    place.replaceChildren(table);
  });
}
