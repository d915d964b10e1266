// What the pages do beyond htmx: keep times right, draw charts, open dialogs, remember what is open, watch the connection.
"use strict";

(() => {
  const $ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const root = document.documentElement;

  // --- Times: the same words as the server's.
  const span = (s) => (s < 120 ? `${Math.floor(s)} s` : s < 7200 ? `${Math.floor(s / 60)} min` : s < 172800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`);
  const ago = (s) => (s < -2 ? `in ${span(-s)}` : s < 2 ? "now" : `${span(s)} ago`);
  const write = (node, text) => node.textContent === text || (node.textContent = text);
  const times = (within) => {
    for (const node of $("time.ago", within)) write(node, ago((Date.now() - Date.parse(node.dateTime)) / 1000));
    for (const node of $("time.clock", within)) write(node, `${node.dateTime.slice(0, 10)} ${node.dateTime.slice(11, 19)} UTC`);
  };
  setInterval(() => document.hidden || times(document), 1000);

  // --- Light and dark: what the system says, until told otherwise.
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#theme")) return;
    root.dataset.theme = dark() ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
    charts(true);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts(true));

  // --- The live connection: one EventSource, closed while nobody looks at the tab.
  const state = (name) => (root.dataset.live = name);
  class Live {
    #inner; #listeners = []; #closed = false;
    constructor(url) {
      this.url = url;
      document.addEventListener("visibilitychange", () => (document.hidden ? this.#drop() : this.#open()));
      addEventListener("pagehide", () => this.#drop());
      addEventListener("pageshow", (event) => event.persisted && this.#open());
      this.#open();
    }
    #open() {
      if (this.#closed || this.#inner || document.hidden) return;
      const inner = (this.#inner = new EventSource(this.url));
      for (const [name, listener] of this.#listeners) inner.addEventListener(name, listener);
      inner.onopen = () => state("on");
      inner.onerror = () => {
        state("off");
        if (inner.readyState !== EventSource.CLOSED) return;
        this.#drop();
        setTimeout(() => this.#open(), 3000);
      };
      inner.addEventListener("leave", (event) => location.assign(event.data));
    }
    #drop() { this.#inner?.close(); this.#inner = undefined; }
    addEventListener(name, listener) { this.#listeners.push([name, listener]); this.#inner?.addEventListener(name, listener); }
    removeEventListener(name, listener) {
      this.#listeners = this.#listeners.filter(([n, l]) => n !== name || l !== listener);
      this.#inner?.removeEventListener(name, listener);
    }
    close() { this.#closed = true; this.#drop(); }
  }
  htmx.createEventSource = (url) => new Live(url);

  // --- What is open, selected or being typed into stays so when a part of the page is renewed.
  let open = new Set();
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    const part = event.target, active = document.activeElement;
    const busy = part.contains(active) && active.matches("input:not([type=checkbox]), select, textarea");
    const selecting = !getSelection().isCollapsed && part.contains(getSelection().anchorNode);
    if (busy || selecting) {
      clearTimeout(part.later);
      const message = event.detail.data;
      part.later = setTimeout(() => part.isConnected && htmx.swap(part, message, { swapStyle: "innerHTML" }), 1500);
      event.preventDefault();
      return;
    }
    clearTimeout(part.later);
    open = new Set($("details[open][id]", part).map((one) => one.id));
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    times(event.target);
    for (const one of $("details[id]", event.target)) if (open.has(one.id)) one.open = true;
    if (event.target.id === "dialog") showDialog();
    charts();
  });

  // --- Dialogs: a link opens its page in one; without scripts it is a page of its own.
  const dialog = document.getElementById("dialog");
  const showDialog = () => {
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
  };
  dialog?.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) { event.preventDefault(); dialog.close(); }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.detail.requestConfig.verb === "post" && dialog?.contains(event.detail.elt) &&
      event.detail.xhr.getResponseHeader("HX-Retarget") !== "#dialog") dialog.close();
  });
  document.addEventListener("htmx:sendError", () => say("The console cannot be reached. Nothing was done."));
  const say = (text) => {
    const note = document.createElement("p");
    note.className = "note bad";
    note.textContent = text;
    document.getElementById("say").replaceChildren(note);
  };

  // --- Keyboard and small comforts.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      document.getElementById("find")?.select();
    }
    if (event.key === "Escape") for (const one of $("details.menu[open]")) one.open = false;
  });
  document.addEventListener("click", (event) => {
    for (const one of $("details.menu[open]")) if (!one.contains(event.target)) one.open = false;
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => {
      copy.classList.add("done");
      setTimeout(() => copy.classList.remove("done"), 1200);
    });
    if (event.target.closest("#say .note button")) document.getElementById("say").replaceChildren();
  });
  document.addEventListener("change", (event) => event.target.matches("[data-submit]") && event.target.form.requestSubmit());

  // --- Charts: the numbers stand in the page, as a table and in an attribute; uPlot draws them.
  const drawn = new Map();
  const resolve = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    root.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const unit = { s: (v) => (v == null ? "–" : v < 1 ? `${+(v * 1000).toPrecision(2)} ms` : v < 120 ? `${+v.toPrecision(2)} s` : `${Math.round(v / 60)} min`), n: (v) => (v == null ? "–" : v.toLocaleString("en")) };
  // A line needs two points: one without neighbours is drawn as a dot.
  const alone = (u, series) => {
    const line = u.data[series];
    return line.flatMap((v, i) => (v != null && line[i - 1] == null && line[i + 1] == null ? [i] : []));
  };
  const options = (figure, data) => {
    const soft = resolve("--soft"), line = resolve("--line"), write = unit[figure.dataset.unit];
    const axis = { stroke: soft, font: "11px system-ui, sans-serif", ticks: { show: false }, grid: { stroke: line, width: 1 } };
    return {
      width: figure.clientWidth, height: 132, padding: [8, 18, 0, 0], legend: { show: true }, tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      cursor: { points: { size: 6 }, drag: { x: false, y: false } },
      scales: { x: { time: true }, y: { range: (u, low, high) => [0, (high || 1) * 1.1] } },
      axes: [{ ...axis, grid: { show: false }, space: 90, size: 26, values: "{HH}:{mm}" },
             { ...axis, size: 56, space: 34, incrs: figure.dataset.unit === "n" ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6] : undefined, values: (u, ticks) => ticks.map(write) }],
      series: [{ value: (u, v) => (v == null ? "" : new Date(v * 1000).toISOString().slice(11, 16)) },
        ...data.names.map((name, i) => ({ label: name, stroke: resolve(data.colours[i]), width: 1.6, spanGaps: false, points: { show: true, size: 5, width: 0, fill: resolve(data.colours[i]), filter: alone },
          fill: i === 0 && data.names.length < 3 ? resolve(data.colours[i]).replace("rgb(", "rgba(").replace(")", ", .08)") : undefined, value: (u, v) => (v == null ? "" : write(v)) }))],
    };
  };
  const charts = (again = false) => {
    if (typeof uPlot === "undefined") return;
    for (const figure of $(".chart")) {
      const source = document.getElementById(figure.dataset.source);
      const text = source?.dataset.points;
      const known = drawn.get(figure);
      if (!text || (known && !again && known.text === text)) continue;
      const data = JSON.parse(text);
      if (known && !again && known.names === data.names.join()) {
        known.plot.setData(data.values);
        known.text = text;
        continue;
      }
      known?.plot.destroy();
      figure.replaceChildren();
      drawn.set(figure, { text, names: data.names.join(), plot: new uPlot(options(figure, data), data.values, figure) });
    }
  };
  let settle;
  addEventListener("resize", () => { clearTimeout(settle); settle = setTimeout(() => charts(true), 150); });

  times(document);
  charts();
  document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
})();
