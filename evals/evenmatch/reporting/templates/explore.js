// The threshold slider: every number is a count that stands in the page, at a stop of its own.
(() => {
  "use strict";
  const holder = document.getElementById("explore-data");
  if (!holder) return;
  const { views, day } = JSON.parse(holder.textContent);
  const $ = (id) => document.getElementById(id);
  const MINUS = "\u2212", FEWEST = 3;
  const slider = $("explore-at"), picker = $("explore-view"), breakdown = $("explore-by");
  let view, by, at, edges;

  const unpack = (text) => {
    let sum = 0;
    return text.split(",").map((step) => (sum += +step));
  };
  const falling = (cell) => (cell.F ??= unpack(cell.fm).reverse());
  const rising = (cell) => (cell.M ??= unpack(cell.ms));
  const whole = (number) => number.toLocaleString("en-US", { maximumFractionDigits: 0 });
  const signed = (number) => String(number).replace("-", MINUS);
  const percent = (rate) => {
    if (rate === 0) return "0%";
    const value = 100 * rate, text = value.toPrecision(3);
    if (text.includes("e-")) return `${text.replace("e-", " \u00d7 10^" + MINUS)}%`;
    return `${rate < 1 && +text === 100 ? "over 99.9" : +text === 100 ? "100" : text}%`;
  };
  const threshold = (value) =>
    `${signed(+value.toPrecision(6))}${view.distance ? ` (distance ${signed(+(-value).toPrecision(6))})` : ""}`;

  // What a cell says: a rate, a bound from the tables, or why there is none.
  const judged = (errors, trials, state, bounds, looser) => {
    if (!trials) return { text: "no trials", state: "no trials" };
    if (state === "closed") return { text: "too few people", state: "suppressed" };
    if (state === "led") return { text: "a few people decide it: see the tables", state: "not shown" };
    if (state !== "bounded" && errors >= FEWEST) {
      return { text: percent(errors / trials), rate: errors / trials, state: "count" };
    }
    const known = (bounds || []).filter(([where]) => looser(where)).map(([, high]) => high);
    const least = Math.min(...known);
    const why = state === "bounded" ? "too few people for a rate" : errors ? "too few errors for a rate" : "no error seen";
    if (known.length && least < 1 && errors / trials <= least) {
      return { text: `${why}, at most ${percent(least)}`, state: `at most ${least}` };
    }
    return { text: why, state: why };
  };
  const matches = (cell) => {
    const errors = falling(cell)[at], here = view.at[at];
    return { errors, trials: cell.n, ...judged(errors, cell.n, cell.fs, cell.fb, (where) => where <= here) };
  };
  const misses = (cell) => {
    if (cell.ms === undefined) return { errors: 0, trials: 0, ...judged(0, 0) };
    const errors = rising(cell)[at] + (cell.f || 0), here = view.at[at];
    return { errors, trials: cell.m, ...judged(errors, cell.m, cell.s, cell.mb, (where) => where >= here) };
  };
  const within = (part) => part.cells.filter((cell) => cell.a === cell.b);
  const everyone = () => view.by.find((part) => part.name === "all")?.cells[0];

  // Building blocks: text is always set as text, so that no label can be anything else.
  const make = (name, text, attributes = {}) => {
    const node = document.createElement(name);
    if (text !== undefined) node.textContent = text;
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const head = (text, scope) => {
    const node = make("th", undefined, { scope });
    node.append(make("bdi", text));
    return node;
  };
  const rateCell = (said) =>
    make("td", said.text, { class: said.rate === undefined ? "n q" : "n", "data-v": `${said.rate ?? ""}\n${said.state}` });
  const countCell = (said) =>
    make("td", said.trials ? `${whole(said.errors)} / ${whole(said.trials)}` : "", { class: "n", "data-v": said.trials ? `${said.errors}\n${said.trials}` : "\n" });
  const shape = (name, attributes, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const short = (label, longest = 26) => {
    const text = label.split(/\s+/).join(" ");
    return text.length > longest ? `${text.slice(0, longest - 1)}\u2026` : text;
  };
  // Drawn as wide as there is room, so that words keep their size on a narrow screen.
  const wide = (svg) => Math.round(Math.max(280, Math.min(720, svg.parentElement.clientWidth || 720)));

  // Logarithmic axis from the smallest rate that any cell could show up to 1.
  const logAxis = (trials, from, to) => {
    const low = Math.max(-8, Math.floor(Math.log10(1 / Math.max(10, trials))));
    const place = (rate) => from + (1 - Math.max(low, Math.log10(rate)) / low) * (to - from);
    const ticks = Array.from({ length: 1 - low }, (_, number) => 10 ** (low + number));
    return { place, ticks };
  };
  const tick = (rate) => `${+(100 * rate).toPrecision(1)}%`.replace(/e-0?/, " \u00d7 10^" + MINUS);

  const drawCurve = () => {
    const svg = $("explore-curve"), cell = everyone();
    svg.closest("figure").hidden = !cell;
    if (!cell) return;
    const width = wide(svg), [left, right, top, bottom] = [70, width - 14, 12, 170];
    svg.setAttribute("viewBox", `0 0 ${width} 210`);
    const low = view.at[0], span = view.at.at(-1) - low || 1;
    const x = (value) => left + ((value - low) / span) * (right - left);
    const axis = logAxis(Math.max(cell.n, cell.m || 1), bottom, top);
    const parts = axis.ticks.flatMap((rate) => [
      shape("line", { x1: left, x2: right, y1: axis.place(rate), y2: axis.place(rate), class: "grid" }),
      shape("text", { x: left - 8, y: axis.place(rate) + 4, "text-anchor": "end" }, tick(rate)),
    ]);
    const most = width < 480 ? 2 : 4;
    for (let number = 0; number <= most; number += 1) {
      const value = low + (span * number) / most;
      parts.push(shape("text", { x: x(value), y: bottom + 18, "text-anchor": number === most ? "end" : "middle" }, signed(+value.toPrecision(3))));
    }
    parts.push(shape("text", { x: (left + right) / 2, y: bottom + 36, "text-anchor": "middle" }, width < 480 ? "similarity" : "similarity from which two photographs match"));
    const line = (rates, name) => {
      const path = rates.map((rate, place) => (rate > 0 ? `${x(view.at[place]).toFixed(1)},${axis.place(rate).toFixed(1)}` : "")).filter(Boolean);
      return shape("polyline", { points: path.join(" "), class: name });
    };
    if (cell.n) parts.push(line(falling(cell).map((errors) => errors / cell.n), "fm"));
    if (cell.m) parts.push(line(rising(cell).map((errors) => (errors + (cell.f || 0)) / cell.m), "fnm"));
    for (const [value] of view.marks) {
      if (value >= low && value <= low + span) parts.push(shape("line", { x1: x(value), x2: x(value), y1: top, y2: bottom, class: "mark" }));
    }
    parts.push(shape("line", { id: "explore-cursor", y1: top - 8, y2: bottom, class: "cursor" }));
    svg.replaceChildren(...parts);
    edges = x;
  };

  const drawDots = (rows) => {
    const svg = $("explore-dots");
    svg.closest("figure").hidden = !rows.length;
    if (!rows.length) return;
    const width = wide(svg), [right, top, step] = [width - 14, 30, 19], left = Math.min(190, Math.round(width * 0.3));
    const height = top + step * rows.length + 8;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const axis = logAxis(Math.max(...rows.map(({ cell }) => Math.max(cell.n, cell.m || 1))), left, right);
    const every = Math.ceil((54 * axis.ticks.length) / (right - left));
    const parts = axis.ticks.reverse().flatMap((rate, number) => [
      shape("line", { x1: axis.place(rate), x2: axis.place(rate), y1: top - 8, y2: height, class: "grid" }),
      ...(number % every ? [] : [shape("text", { x: axis.place(rate), y: 14, "text-anchor": rate === 1 ? "end" : "middle" }, tick(rate))]),
    ]);
    rows.forEach(({ name, fm, fnm }, number) => {
      const y = top + step * number + 6;
      parts.push(shape("text", { x: left - 12, y: y + 4, "text-anchor": "end" }, short(name, Math.round(left / 8.2))));
      if (fm.rate > 0) parts.push(shape("circle", { cx: axis.place(fm.rate), cy: y, r: 5, class: "fm" }));
      if (fnm.rate > 0) parts.push(shape("rect", { x: axis.place(fnm.rate) - 4.5, y: y - 4.5, width: 9, height: 9, class: "fnm" }));
    });
    svg.replaceChildren(...parts);
    const said = rows.slice(0, 8).map(({ name, fm, fnm }) => `${short(name)}: false matches ${fm.text}, false non-matches ${fnm.text}`);
    svg.setAttribute("aria-label", `Both rates of every group at this threshold. ${said.join("; ")}${rows.length > 8 ? "; the others are in the table" : ""}.`);
  };

  const groupRows = () => {
    const rows = by ? within(by).map((cell) => ({ name: by.groups[cell.a], cell })) : [];
    const all = everyone();
    if (all && by?.name !== "all") rows.unshift({ name: "all", cell: all });
    return rows.map((row) => ({ ...row, fm: matches(row.cell), fnm: misses(row.cell) }));
  };

  const fillMatrix = () => {
    const box = $("explore-crossed");
    box.hidden = !view.crossed || !by || by.groups.length < 2;
    if (box.hidden || !box.open) return;
    const found = new Map(by.cells.map((cell) => [`${cell.a} ${cell.b}`, cell]));
    const top = make("tr");
    top.append(head("Probe", "col"), ...by.groups.map((group) => Object.assign(head(group, "col"), { className: "n" })));
    const rows = by.groups.map((group, a) => {
      const row = make("tr");
      row.append(head(group, "row"));
      by.groups.forEach((_, b) => {
        const cell = found.get(`${a} ${b}`) || found.get(`${b} ${a}`);
        const said = cell ? matches(cell) : { text: "", state: "" };
        const node = make("td", said.text, { class: said.rate === undefined ? "n q" : "n heat", "data-v": `${said.rate ?? said.state}` });
        if (said.rate > 0) node.style.setProperty("--heat", `${Math.round(Math.max(0, 42 + 7 * Math.log10(said.rate)))}%`);
        if (cell) node.append(make("span", `${whole(said.errors)} / ${whole(said.trials)}`, { class: "of" }));
        row.append(node);
      });
      return row;
    });
    $("explore-matrix").tHead.replaceChildren(top);
    $("explore-matrix").tBodies[0].replaceChildren(...rows);
  };

  const dayRow = (what, group, said, number) => {
    const row = make("tr"), name = make("td");
    name.append(make("bdi", group));
    row.append(head(what, "row"), name, rateCell(said), countCell(said));
    const many = said.rate === undefined || number === undefined ? undefined : number * said.rate;
    row.append(make("td", many === undefined ? "" : many < 10 ? String(+many.toPrecision(2)) : whole(many), { class: "n", "data-v": many ?? "" }));
    return row;
  };
  const fillDay = () => {
    const gates = day.travellers && everyone() ? misses(everyone()) : undefined;
    $("explore-day").hidden = !view.searches && !gates;
    if ($("explore-day").hidden) return;
    $("explore-searches-line").hidden = !view.searches;
    $("explore-gates-line").hidden = !gates;
    const rows = [];
    if (view.searches) {
      const here = view.searches.cells.filter((cell) => cell.by === "all" || cell.by === by?.name || !by);
      for (const cell of here) {
        rows.push(dayRow("False alerts", cell.group, matches(cell), cell.by === "all" ? +$("explore-searches").value : undefined));
      }
      for (const cell of here) rows.push(dayRow("Enrolled people missed", cell.group, misses(cell)));
    }
    if (gates) {
      // A live photograph without a template is refused too: FRR = FTA + FNMR (1 - FTA).
      const cell = everyone(), scored = cell.m - (cell.f || 0);
      if (view.fta !== null && gates.rate !== undefined && scored) {
        gates.rate = view.fta + (rising(cell)[at] / scored) * (1 - view.fta);
        gates.text = percent(gates.rate);
        gates.trials = 0; // the rate is worked out of two, so no errors of trials stand beside it
      }
      rows.push(dayRow("Wrong refusals at the gates", "all", gates, +$("explore-travellers").value));
    }
    $("explore-alerts").tBodies[0].replaceChildren(...rows);
  };

  const show = () => {
    at = +slider.value;
    const rows = groupRows();
    const table = rows.map(({ name, fm, fnm }) => {
      const row = make("tr");
      row.append(head(name, "row"), rateCell(fm), countCell(fm), rateCell(fnm), countCell(fnm));
      return row;
    });
    $("explore-groups").tBodies[0].replaceChildren(...table);
    const here = view.at[at], named = view.marks.filter(([value]) => value === here).map(([, name]) => name);
    const said = `similarity ${threshold(here)}${named.length ? `, ${named.join(", ")}` : ""}`;
    const all = rows.find(({ name }) => name === "all") || rows[0];
    const rates = all ? `. Everyone: false matches ${all.fm.text}, false non-matches ${all.fnm.text}` : "";
    $("explore-now").textContent = said;
    slider.setAttribute("aria-valuetext", `${said}${rates}`);
    slider.dataset.threshold = String(here);
    const cursor = $("explore-cursor");
    if (cursor && edges) {
      cursor.setAttribute("x1", edges(here));
      cursor.setAttribute("x2", edges(here));
      $("explore-curve").setAttribute("aria-label", `Both rates of everyone over all thresholds, the slider at ${said}${rates}.`);
    }
    drawDots(rows);
    fillMatrix();
    fillDay();
  };

  const nearest = (value) =>
    view.at.reduce((best, stop, place) => (Math.abs(stop - value) < Math.abs(view.at[best] - value) ? place : best), 0);
  const goTo = (value) => {
    slider.value = nearest(value);
    show();
  };
  const pickBreakdown = () => {
    by = view.by[+breakdown.value];
    show();
  };
  const pickView = () => {
    const kept = view && at !== undefined ? view.at[at] : null, wanted = by?.name;
    view = views[+picker.value];
    edges = undefined;
    breakdown.replaceChildren(...view.by.map((part, number) => make("option", part.name, { value: number })));
    const number = view.by.findIndex((part) => (wanted ? part.name === wanted : part.name !== "all"));
    breakdown.value = Math.max(0, number);
    breakdown.parentElement.hidden = !view.by.length;
    slider.max = view.at.length - 1;
    const buttons = view.marks.map(([value, name]) => {
      const exact = view.at.includes(value) ? "" : ", nearest stop";
      const button = make("button", undefined, { type: "button" });
      button.append(make("bdi", `${name}${exact}`));
      button.addEventListener("click", () => goTo(value));
      return button;
    });
    $("explore-marks").replaceChildren(...buttons);
    $("explore-marks").hidden = !buttons.length;
    if (view.searches) {
      $("explore-gallery").textContent = `The gallery searched here has ${whole(view.searches.gallery)} people; a larger one gives more false alerts. ${day.described ? "The day is the one this run describes." : "The number of searches is an example: put your own."} Photographs without a template raise no alert and find nobody.`;
    }
    slider.value = nearest(kept ?? view.first ?? view.at[view.at.length >> 1]);
    at = +slider.value;
    drawCurve();
    pickBreakdown();
  };

  picker.append(...views.map((each, number) => make("option", each.name, { value: number })));
  picker.parentElement.hidden = views.length < 2;
  $("explore-searches").value = day.searches;
  $("explore-travellers").value = day.travellers ?? "";
  picker.addEventListener("change", pickView);
  breakdown.addEventListener("change", pickBreakdown);
  slider.addEventListener("input", show);
  $("explore-searches").addEventListener("input", show);
  $("explore-travellers").addEventListener("input", show);
  $("explore-crossed").addEventListener("toggle", fillMatrix);
  let drawn = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === drawn) return;
    drawn = innerWidth;
    drawCurve();
    show();
  });
  $("explore-crossed").open = views.every((each) => each.by.every((part) => part.groups.length <= 12));
  $("explorer").hidden = false;
  pickView();
})();
