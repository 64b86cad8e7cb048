"use strict";
// Keeps the page as it is on the server: puts texts into the places that the markup has for them, and never markup.
(() => {
  const SAMPLES = 300;
  const HEIGHT = 24;
  const LEAST = 1;
  const FRAMES = 200;
  const SILENCE = 15000; // milliseconds: the server says something more often, also if it knows nothing
  const AGAIN = 5000;

  const live = document.getElementById("live");
  const outcome = document.getElementById("outcome");
  // Without a login that somebody has written into the address, which fetch would not take.
  const here = location.origin + location.pathname;
  const query = new URLSearchParams(location.search);
  const subject = ["service", "channel"].find(kind => query.has(kind));

  // -- texts, drawings, tables -------------------------------------------------------------------------------

  const each = (root, selector, act) => root.querySelectorAll(selector).forEach(act);

  function say(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function mark(element, kind) {
    if (element.dataset.is !== kind) element.dataset.is = kind;
  }

  const drawn = new WeakMap();

  function draw(svg, rates, whole) {
    const known = whole ? rates : [...(drawn.get(svg) || []), ...rates].slice(-SAMPLES);
    drawn.set(svg, known);
    const top = Math.max(LEAST, ...known);
    const left = SAMPLES - known.length;
    const height = rate => HEIGHT - 1 - Math.floor(rate / top * (HEIGHT - 2) + 0.5);
    const line = known.some(rate => rate > 0) ? "M" + known.map((rate, i) => `${left + i} ${height(rate)}`).join("L") : "";
    const [area, outline] = svg.children;
    outline.setAttribute("d", line);
    area.setAttribute("d", line && `${line}V${HEIGHT}H${left}Z`);
  }

  function put(root, texts, rates, whole) {
    each(root, "[data-text]", element => {
      const text = texts[element.dataset.text];
      if (text !== undefined && !(root === document && element.closest("[data-key]"))) say(element, text);
    });
    each(root, "[data-rates]", svg => {
      const of = rates[svg.dataset.rates];
      if (of && !(root === document && svg.closest("[data-key]"))) draw(svg, of, whole);
    });
  }

  function fresh(name, key) {
    const row = document.querySelector(`template[data-row="${name}"]`).content.firstElementChild.cloneNode(true);
    row.dataset.key = key;
    each(row, "[data-link]", link => { link.href = `?${link.dataset.link}=${encodeURIComponent(key)}`; });
    each(row, "[data-value]", button => { button.value = key; });
    return row;
  }

  function list(name, rows, whole) {
    const body = document.querySelector(`[data-table="${name}"]`);
    if (!body) return;
    const known = new Map([...body.children].map(row => [row.dataset.key, row]));
    rows.forEach(({key, kind, texts, rates}, index) => {
      const row = known.get(key) || fresh(name, key);
      known.delete(key);
      put(row, texts, rates, whole);
      mark(row, kind);
      // Only what stands elsewhere is moved: what is moved loses the keyboard.
      if (body.children[index] !== row) body.insertBefore(row, body.children[index] || null);
    });
    for (const row of known.values()) {
      if (row.contains(document.activeElement)) body.closest("section").querySelector("h2").focus();
      row.remove();
    }
    each(document, `[data-some="${name}"]`, element => { element.hidden = !rows.length; });
    each(document, `[data-none="${name}"]`, element => { element.hidden = rows.length > 0; });
  }

  function show({whole, texts, kinds, rates, tables}) {
    put(document, texts, rates, whole);
    for (const [name, kind] of Object.entries(kinds)) {
      each(document, `[data-kind="${name}"]`, element => mark(element, kind));
    }
    for (const [name, rows] of Object.entries(tables)) list(name, rows, whole);
  }

  // -- what is heard -----------------------------------------------------------------------------------------

  let source = null;
  let timer = 0;
  let tapped = false;

  function is(text, kind) {
    say(live, text);
    mark(live, kind);
    document.body.classList.toggle("lost", kind === "bad");
  }

  function lost() {
    is("Connection lost, trying again", "bad");
  }

  function close() {
    clearTimeout(timer);
    if (source) source.close();
    source = null;
  }

  function open() {
    close();
    const asked = new URLSearchParams();
    if (subject) asked.set(subject, query.get(subject));
    if (tapped) asked.set("tap", "on");
    const heard = new EventSource(new URL(`events?${asked}`, here));
    const wait = milliseconds => {
      clearTimeout(timer);
      timer = setTimeout(() => { lost(); open(); }, milliseconds);
    };
    const on = (name, act) => heard.addEventListener(name, event => {
      if (source !== heard) return;
      wait(SILENCE);
      act(JSON.parse(event.data));
    });
    source = heard;
    wait(SILENCE);
    on("state", state => { is("Live", "good"); show(state); });
    on("trouble", ({trouble}) => is(trouble || "The daemon does not answer", "bad"));
    on("gone", () => is(`This ${subject} is not there any more`, "bad"));
    on("frames", frames);
    on("refused", ({refused}) => {
      pour(false);
      say(document.getElementById("tap-state"), `There is no tap: ${refused}`);
    });
    heard.onerror = () => {
      if (source !== heard) return;
      lost();
      // A browser comes back by itself unless the answer was no stream.
      if (heard.readyState === EventSource.CLOSED) wait(AGAIN);
    };
  }

  // -- the tap -----------------------------------------------------------------------------------------------

  let missed = 0;
  let passed = 0;

  function frames(batch) {
    const body = document.getElementById("frames");
    missed += batch.missed;
    passed += batch.frames.length;
    for (const frame of batch.frames.slice(-FRAMES)) {
      const row = body.insertRow(0);
      row.dataset.is = frame.way;
      const cell = (text, name) => {
        const one = row.insertCell();
        one.textContent = text;
        one.className = name;
      };
      cell(frame.at, "");
      cell(frame.way === "in" ? "→ in" : "← out", "way");
      cell(frame.text, "said");
      cell(frame.peer, "");
      cell(frame.size, "number");
      cell(frame.took, "number");
    }
    while (body.rows.length > FRAMES) body.deleteRow(-1);
    document.querySelector(".tap").hidden = false;
    const number = new Intl.NumberFormat("en");
    const unseen = missed ? `, ${number.format(missed)} more passed unseen` : "";
    say(document.getElementById("tap-state"), `${number.format(passed)} messages shown${unseen}.`);
  }

  const tap = document.getElementById("tap-switch");

  function pour(on) {
    tapped = on;
    missed = passed = 0;
    say(tap, on ? "Stop" : "Start");
    say(document.getElementById("tap-state"), on ? "Waiting for messages …" : "Stopped.");
  }

  if (tap) {
    tap.hidden = false;
    tap.addEventListener("click", () => {
      pour(!tapped);
      open();
    });
  }

  // -- what is done ------------------------------------------------------------------------------------------

  function tell({done, text, problems}) {
    mark(outcome, done ? "good" : "bad");
    outcome.querySelector("p").textContent = text;
    outcome.querySelector("ul").replaceChildren(...(problems || []).map(problem => {
      const item = document.createElement("li");
      item.textContent = problem;
      return item;
    }));
    outcome.hidden = false;
  }

  function ask(question) {
    const dialog = document.getElementById("ask");
    dialog.querySelector("p").textContent = question;
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise(answer => {
      dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), {once: true});
    });
  }

  async function request(fields) {
    const headers = {Accept: "application/json"};
    const answer = await fetch(new URL("do", here), {method: "POST", body: new URLSearchParams(fields), headers});
    const said = await answer.json();
    return answer.ok ? said : {done: false, text: said.detail || said.title};
  }

  async function act(form, button) {
    const fields = {token: form.elements.token.value, [button.name]: button.value};
    button.disabled = true;
    try {
      let said = await request(fields);
      if (said.question) {
        if (!await ask(said.question)) return;
        said = await request({...fields, confirmed: "yes"});
      }
      tell(said);
    } catch {
      tell({done: false, text: "The daemon could not be reached; nothing is known of what became of it."});
    } finally {
      button.disabled = false;
      if (button.isConnected) button.focus();
    }
  }

  const form = document.getElementById("act");
  if (form) {
    form.addEventListener("submit", event => {
      event.preventDefault();
      act(form, event.submitter);
    });
  }
  outcome.querySelector("button").addEventListener("click", () => { outcome.hidden = true; });

  // -- as long as somebody looks -----------------------------------------------------------------------------

  const look = () => {
    if (document.hidden) {
      close();
      is("Paused while nobody looks", "");
    } else {
      open();
    }
  };
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", close);
  addEventListener("pageshow", event => { if (event.persisted) look(); });
  look();
})();
