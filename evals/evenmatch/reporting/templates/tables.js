// Copy and download of every table, in full precision, from the table's own cells.
(() => {
  "use strict";
  const status = document.getElementById("said");
  const say = (text) => {
    status.textContent = "";
    setTimeout(() => { status.textContent = text; }, 50);
  };
  const number = (text) => text.trim() !== "" && Number.isFinite(Number(text));
  // A spreadsheet would run a cell that begins like a formula: an apostrophe makes it text.
  const harmless = (text) => (/^'*[=+\-@\t\r]/.test(text) && !number(text) ? `'${text}` : text);
  const words = (cell) => {
    const text = (cell.querySelector("bdi") || cell).textContent.trim().replace(/\s+/g, " ");
    return /^\d{1,3}(,\d{3})+$/.test(text) ? text.replaceAll(",", "") : text;
  };
  const values = (cell) => (cell.dataset.v === undefined ? [words(cell)] : cell.dataset.v.split("\n"));
  const rows = (table) => {
    const heads = [...table.tHead.rows[0].cells].map((cell) => (cell.dataset.csv ?? words(cell)).split("\n"));
    const body = [...table.tBodies[0].rows].map((row) =>
      [...row.cells].flatMap((cell, place) => {
        const found = values(cell), wide = heads[place].length;
        return Array.from({ length: wide }, (_, part) => found[part] ?? "");
      }));
    return [heads.flat(), ...body].map((row) => row.map(harmless));
  };
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const csv = (table) => `\ufeff${rows(table).map((row) => `${row.map(quoted).join(",")}\r\n`).join("")}`;
  const tabbed = (table) => rows(table).map((row) => row.map((text) => text.replace(/\s/g, " ")).join("\t")).join("\n");

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };
  const save = (text, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    link.download = `${name.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 80) || "table"}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const button = (text, what, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", `${text}: ${what}`);
    made.addEventListener("click", act);
    return made;
  };
  const tools = (box, what, plain, file) => {
    const line = document.createElement("p");
    line.className = "tools";
    line.append(
      button("Copy", what, async (event) => {
        const done = await copy(plain());
        event.target.focus();
        say(done ? "Copied." : "The browser refused to copy; download the table instead.");
      }),
      button("Download CSV", what, () => { save(file(), what); say("Downloaded."); }),
    );
    box.querySelector("summary").after(line);
  };
  for (const table of document.querySelectorAll("details.table table")) {
    tools(table.closest("details"), table.caption.textContent, () => tabbed(table), () => csv(table));
  }
  for (const text of document.querySelectorAll("details.source pre[data-file]")) {
    tools(text.closest("details"), text.dataset.file, () => text.textContent, () => text.textContent);
  }
})();
