"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const { pairs, large, small } = JSON.parse(at("data").textContent);
  const key = document.body.dataset.key;
  const words = {
    "looks-right": "Looks right.",
    "wrong-left": "Wrong person on the left.",
    "wrong-right": "Wrong person on the right.",
    "same-person": "The same person under two identities.",
    "unusable-left": "The left photograph cannot be used.",
    "unusable-right": "The right photograph cannot be used.",
    "unusable-both": "Neither photograph can be used.",
    "cannot-say": "Cannot say.",
  };
  const wrong = [["l", "Wrong person on the left", "wrong-left"], ["r", "Wrong person on the right", "wrong-right"]];
  const unsure = ["c", "Cannot say", "cannot-say"];
  const first = [
    ["y", "Yes, one person", "yes"],
    ["n", "No, two people", "no"],
    ["1", "Left unusable (no face, a drawing)", "unusable-left"],
    ["2", "Right unusable", "unusable-right"],
    ["3", "Both unusable", "unusable-both"],
    unsure,
  ];

  let answers = stored();
  let place = Math.max(0, pairs.findIndex((_, number) => !answered(number)));
  let asking = false; // whether the second question is on the page

  function stored() {
    try {
      return JSON.parse(localStorage.getItem(key)) || {};
    } catch {
      return {};
    }
  }

  function keep() {
    try {
      localStorage.setItem(key, JSON.stringify(answers));
    } catch {
      at("given").textContent = "This browser keeps nothing: download before you close the page.";
    }
  }

  function answered(number) {
    return Boolean(answers[number] && answers[number].answer);
  }

  function known(number) {
    const bytes = Uint8Array.from(atob(pairs[number][2]), (letter) => letter.charCodeAt(0));
    const plain = bytes.slice(16).map((byte, i) => byte ^ bytes[i % 16]);
    return JSON.parse(new TextDecoder().decode(plain));
  }

  function choices() {
    if (!asking) return first;
    const same = [["s", "The same person under two identities", "same-person"]];
    return [...(known(place).one ? [] : same), ...wrong, unsure];
  }

  function picture(id, source) {
    at(id).hidden = !source;
    at(`${id}-gone`).hidden = Boolean(source);
    at(id).src = source || "data:,";
  }

  function others(id, numbers) {
    const images = numbers.filter((number) => small[number]).map((number) => {
      const image = document.createElement("img");
      image.src = small[number];
      image.alt = "Another photograph under this identity";
      return image;
    });
    at(id).replaceChildren(...(images.length ? ["Filed under the same identity:", ...images] : []));
  }

  function show() {
    const [left, right] = pairs[place];
    picture("left", large[left]);
    picture("right", large[right]);
    const filed = asking ? known(place) : null;
    others("left-others", filed ? filed.others[0] : []);
    others("right-others", filed ? filed.others[1] : []);
    at("question").textContent = filed ? "What is wrong?" : "Do these two photographs show one person?";
    at("filed").textContent = !filed ? "" : filed.one
      ? "The benchmark files both under one identity."
      : "The benchmark files them under two identities.";
    at("answers").replaceChildren(...choices().map(button));
    const mine = answers[place] || {};
    at("given").textContent = mine.answer ? `Your answer: ${words[mine.answer]}` : "";
    at("note").value = mine.note || "";
    at("back").disabled = place === 0;
    at("next").disabled = place === pairs.length - 1;
    const done = pairs.filter((_, number) => answered(number)).length;
    at("count").textContent = `Pair ${place + 1} of ${pairs.length}, ${done} answered`;
    at("progress").max = pairs.length;
    at("progress").value = done;
    at("open").disabled = done === pairs.length;
    at("download").disabled = done === 0;
    const clashing = clashes();
    at("clashes").hidden = !clashing.length;
    at("clashes").textContent = `These answers contradict each other, look again: ${clashing.join("; ")}.`;
  }

  function button([letter, text, answer]) {
    const made = document.createElement("button");
    const shortcut = document.createElement("kbd");
    made.type = "button";
    shortcut.textContent = letter.toUpperCase();
    made.append(text, shortcut);
    made.setAttribute("aria-pressed", String((answers[place] || {}).answer === answer));
    made.addEventListener("click", () => choose(answer));
    return made;
  }

  function choose(answer) {
    if (answer === "yes" || answer === "no") {
      if ((answer === "yes") !== known(place).one) {
        asking = true;
        show();
        return;
      }
      answer = "looks-right";
    }
    answers[place] = { answer, note: at("note").value.trim() };
    keep();
    if (place < pairs.length - 1) go(place + 1);
    else go(place);
  }

  function go(number) {
    place = Math.min(Math.max(number, 0), pairs.length - 1);
    asking = false;
    show();
  }

  function goOpen() {
    const order = pairs.map((_, step) => (place + 1 + step) % pairs.length);
    const found = order.find((number) => !answered(number));
    if (found !== undefined) go(found);
  }

  function faulty(number) {
    const [kind, side] = answers[number].answer.split("-");
    if (kind !== "wrong" && kind !== "unusable") return [];
    const [left, right] = pairs[number];
    return { left: [left], right: [right], both: [left, right] }[side];
  }

  // A photograph that one answer takes out must not be one that another relies on.
  function clashes() {
    const done = pairs.map((_, number) => number).filter(answered);
    const out = new Map();
    for (const number of done) for (const photograph of faulty(number)) out.set(photograph, number);
    const found = new Set();
    for (const number of done) {
      const { answer } = answers[number];
      if (answer !== "looks-right" && answer !== "same-person") continue;
      for (const photograph of pairs[number].slice(0, 2)) {
        const against = out.get(photograph);
        if (against === undefined) continue;
        const wrongPerson = answers[against].answer.startsWith("wrong");
        if (answer === "looks-right" && wrongPerson && !known(number).one) continue;
        found.add(`pairs ${Math.min(number, against) + 1} and ${Math.max(number, against) + 1}`);
      }
    }
    return [...found];
  }

  function field(text) {
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  function download() {
    const rows = pairs.map((_, number) => number).filter(answered).map((number) => {
      const { left, right } = known(number);
      const { answer, note } = answers[number];
      return [left, right, answer, note || ""].map(field).join(",");
    });
    const text = ["probe_id,reference_id,answer,note", ...rows, ""].join("\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    link.download = "marks.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  at("note").addEventListener("change", () => {
    if (!answers[place]) answers[place] = {};
    answers[place].note = at("note").value.trim();
    keep();
  });
  at("back").addEventListener("click", () => go(place - 1));
  at("next").addEventListener("click", () => go(place + 1));
  at("open").addEventListener("click", goOpen);
  at("download").addEventListener("click", download);
  at("forget").addEventListener("click", () => {
    if (!window.confirm("Forget every answer on this page?")) return;
    answers = {};
    keep();
    go(0);
  });
  document.addEventListener("keydown", (event) => {
    if (event.target === at("note") || event.ctrlKey || event.metaKey || event.altKey) return;
    const pressed = event.key.toLowerCase();
    const chosen = choices().find(([letter]) => letter === pressed);
    if (chosen) choose(chosen[2]);
    else if (pressed === "arrowleft") go(place - 1);
    else if (pressed === "arrowright") go(place + 1);
    else if (pressed === "enter" && event.target.tagName !== "BUTTON") goOpen();
    else return;
    event.preventDefault();
  });
  show();
})();
