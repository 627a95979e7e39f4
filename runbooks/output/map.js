"use strict";
// Turns the sections below the map into a panel beside it; adds filter, status toggles and theme.
// It only reads text from the page and sets classes: no markup is ever made of data.
document.documentElement.classList.add("js");

document.addEventListener("DOMContentLoaded", () => {
  const root = document.documentElement;
  const find = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const details = byId("details");
  const closer = byId("close");
  const filter = byId("filter");
  const shown = byId("shown");

  const tiles = find(".tile").map((element) => {
    const link = element.querySelector("a");
    const section = byId(link.hash.slice(1));
    return { element, link, section, status: element.dataset.status, rack: element.closest(".rack"), text: null };
  });
  const fleet = find(".fleet li").map((element) => ({ element, status: element.className, text: null }));
  const fleetBox = document.querySelector(".fleet");
  const racks = find(".rack");
  const toggles = find(".counts button");

  // --- filter ---------------------------------------------------------------------------------

  // Every value of the page stands in a <bdi>; headings and labels do not.
  const textOf = (parts) =>
    find("bdi", parts[0]).concat(parts[1] ? find("bdi", parts[1]) : [])
      .map((value) => value.textContent).join("\n").toLowerCase();

  const terms = () => filter.value.toLowerCase().split(/\s+/).filter(Boolean);

  function apply() {
    const wanted = terms();
    const pressed = toggles.filter((t) => t.getAttribute("aria-pressed") === "true").map((t) => t.dataset.status);
    const fits = (item, parts) => {
      if (pressed.length && !pressed.includes(item.status)) return false;
      if (!wanted.length) return true;
      item.text ??= textOf(parts);
      return wanted.every((term) => item.text.includes(term));
    };
    let count = 0;
    const full = new Set();
    for (const tile of tiles) {
      const fit = fits(tile, [tile.section, tile.rack.querySelector("h2")]);
      tile.element.classList.toggle("out", !fit);
      tile.section.classList.toggle("out", !fit && !tile.section.classList.contains("open"));
      if (fit) { count += 1; full.add(tile.rack); }
    }
    for (const rack of racks) rack.classList.toggle("out", !full.has(rack));
    let remarks = 0;
    for (const item of fleet) {
      const fit = fits(item, [item.element]);
      item.element.classList.toggle("out", !fit);
      remarks += fit;
    }
    fleetBox?.classList.toggle("out", !remarks);
    const narrowed = wanted.length || pressed.length;
    shown.textContent = narrowed ? `${count} of ${tiles.length} switches shown` : "";
    byId("none").hidden = count > 0 || !narrowed;
    highlight();
  }

  function highlight() {
    const wanted = terms();
    for (const value of find(".detail.open bdi")) {
      const text = value.textContent.toLowerCase();
      value.classList.toggle("hit", wanted.some((term) => text.includes(term)));
    }
  }

  let waiting = 0;
  filter.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, tiles.length > 200 ? 120 : 0);
  });
  for (const toggle of toggles) {
    toggle.disabled = false;
    toggle.addEventListener("click", () => {
      toggle.setAttribute("aria-pressed", String(toggle.getAttribute("aria-pressed") !== "true"));
      apply();
    });
  }
  byId("clear").addEventListener("click", () => {
    filter.value = "";
    for (const toggle of toggles) toggle.setAttribute("aria-pressed", "false");
    apply();
    filter.focus();
  });

  // --- panel ----------------------------------------------------------------------------------

  closer.hidden = false;
  let opener = null;

  function sync() {
    const id = decodeURIComponent(location.hash.slice(1));
    const section = find(".detail").find((s) => s.id === id) ?? null;
    for (const open of find(".detail.open")) open.classList.remove("open");
    for (const current of find("[aria-current]")) current.removeAttribute("aria-current");
    details.classList.toggle("open", section !== null);
    document.body.classList.toggle("beside", section !== null);
    if (!section) return;
    section.classList.remove("out");
    section.classList.add("open");
    details.scrollTop = 0;
    const tile = tiles.find((t) => t.section === section);
    opener = tile?.link ?? document.querySelector(".fleet a");
    if (tile) {
      tile.link.setAttribute("aria-current", "true");
      tile.element.scrollIntoView({ block: "nearest" });
    }
    section.querySelector("h2").focus({ preventScroll: true });
    highlight();
    section.querySelector(".hit")?.scrollIntoView({ block: "nearest" });
  }

  function close() {
    if (!details.classList.contains("open")) return;
    history.pushState(null, "", location.href.split("#")[0]);
    sync();
    apply();
    opener?.focus();
  }

  addEventListener("hashchange", sync);
  addEventListener("popstate", sync);
  closer.addEventListener("click", close);

  // --- keys -----------------------------------------------------------------------------------

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target === filter;
    if (event.key === "/" && !typing) {
      event.preventDefault();
      filter.focus();
      filter.select();
    } else if (event.key === "Escape") {
      if (typing && filter.value) { filter.value = ""; apply(); event.preventDefault(); } else close();
    } else if (event.key.startsWith("Arrow") && event.target.closest?.(".tile")) {
      step(event);
    }
  });

  // Left and right go to the tile before and after; up and down to the nearest one that is so placed.
  function step(event) {
    const links = tiles.filter((t) => !t.element.classList.contains("out")).map((t) => t.link);
    const here = links.indexOf(event.target.closest("a"));
    const from = links[here].getBoundingClientRect();
    let next;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      next = links[here + (event.key === "ArrowRight" ? 1 : -1)];
    } else {
      const down = event.key === "ArrowDown" ? 1 : -1;
      const distance = (link) => {
        const box = link.getBoundingClientRect();
        const rise = (box.top - from.top) * down;
        return rise > 4 ? rise + 3 * Math.abs(box.left - from.left) : Infinity;
      };
      next = links.reduce((best, link) => (distance(link) < distance(best) ? link : best));
      if (distance(next) === Infinity) next = undefined;
    }
    if (next) { event.preventDefault(); next.focus(); }
  }

  // --- age ------------------------------------------------------------------------------------

  const at = Date.parse(byId("at").dateTime);
  function age() {
    const minutes = Math.floor((Date.now() - at) / 60000);
    const [number, unit] = minutes < 60 ? [minutes, "min"] : minutes < 2880 ? [Math.floor(minutes / 60), "h"] : [Math.floor(minutes / 1440), "days"];
    byId("age").textContent = minutes < 1 ? " (just now)" : ` (${number} ${unit} ago)`;
    root.classList.toggle("stale", minutes >= 60);
  }
  age();
  setInterval(age, 15000);

  // --- theme ----------------------------------------------------------------------------------

  const themes = ["auto", "light", "dark"];
  const kept = (value) => {
    try {
      if (value) localStorage.setItem("vipkeeper-theme", value);
      return localStorage.getItem("vipkeeper-theme");
    } catch { return null; } // a browser may forbid storage to files
  };
  function theme(name) {
    if (name === "auto") delete root.dataset.theme;
    else root.dataset.theme = name;
    byId("theme").textContent = `Theme: ${name}`;
  }
  theme(themes.includes(kept()) ? kept() : "auto");
  byId("theme").addEventListener("click", () => {
    const next = themes[(themes.indexOf(root.dataset.theme ?? "auto") + 1) % themes.length];
    theme(next);
    kept(next);
  });

  apply();
  sync();
});
