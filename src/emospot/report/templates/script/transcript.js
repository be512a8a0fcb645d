// The transcript: filters, evidence of all, following the player, gates under the words.
filters();
gates();

function filters() {
  const speaker = byId("by-speaker");
  const emotion = byId("by-emotion");
  function filter() {
    let shown = 0;
    for (const row of rows) {
      const there = (speaker.selectedIndex === 0 || row.dataset.speaker === speaker.value)
        && (emotion.value === "" || row.classList.contains(emotion.value));
      row.hidden = !there;
      shown += there;
    }
    byId("filter-note").textContent = shown === rows.length ? ""
      : shown + " of " + rows.length + " utterances";
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
    // The events of opening come later, in one task.
    openingAll = true;
    for (const row of rows) row.querySelector("details").open = open;
    setTimeout(() => { openingAll = false; }, 500);
  });
  const follow = byId("follow");
  if (follow) {
    onNow.push(([row]) => {
      if (row && follow.checked && !player.paused) row.scrollIntoView({ block: "center" });
    });
  }
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
    const title = document.createElement("span");
    title.className = "hidden-text";
    title.textContent = "Gate strength of each word piece:";
    made.append(title);
    let at = 0;
    const gates = data.gates[row.dataset.id];
    for (let i = 0; i < gates.length; i += 3) {
      const [start, end, gate] = [gates[i], gates[i + 1], gates[i + 2] / 100];
      if (start > at) made.append(letters.slice(at, start).join(""));
      const piece = document.createElement("span");
      piece.style.setProperty("--g", gate);
      piece.title = "gate " + gate + (gate >= 0.45 && gate <= 0.55 ? " (undecided)" : "");
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
  const withGates = rows.filter((row) => Object.hasOwn(data.gates, row.dataset.id)
    && row.querySelector(".text:not(.none)"));
  function apply() {
    byId("gate-key").hidden = !toggle.checked;
    if (toggle.checked) {
      for (const row of withGates) watcher.observe(row);
    } else {
      watcher.disconnect();
      for (const made of document.querySelectorAll(".gates")) made.remove();
    }
  }
  toggle.addEventListener("change", apply);
  apply();
}
