// What pages gain from a script; each of them works without it.
// Double sending, where the focus goes after a swap, half-typed text, menus, broken connections,
// and news: what others do shows here without a reload.

const $ = (selector, root = document) => root.querySelector(selector);
const all = (root, selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];

// ---- a form is sent once --------------------------------------------------------------

const underWay = new WeakSet();
const buttonsOf = (form) => [...form.elements].filter((element) => element.matches("button:not([type=button])"));

function hold(form) {
  underWay.add(form);
  form.setAttribute("aria-busy", "true");
  for (const button of buttonsOf(form)) button.setAttribute("aria-disabled", "true");
}

function release(form) {
  underWay.delete(form);
  form.removeAttribute("aria-busy");
  for (const button of buttonsOf(form)) button.removeAttribute("aria-disabled");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (underWay.has(form)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (form.method === "get" || form.matches("[data-many-times]")) return;
  underWay.add(form);
  // Later, so that the pressed button still counts as the sender.
  setTimeout(() => (event.defaultPrevented && !htmxForm(form) ? release(form) : hold(form)));
}, true);

const htmxForm = (form) => form.matches("[hx-post], [hx-get], [hx-put], [hx-delete]");

// Back from the next page: the browser may show this one as it was left.
addEventListener("pageshow", (event) => event.persisted && document.querySelectorAll("form").forEach(release));

// ---- text that was typed survives a swap ----------------------------------------------

const typed = new Map();
const open = new Set();
const writable = "input:not([type=hidden], [type=password], [type=file]), textarea, select";

const isTick = (field) => /^(checkbox|radio)$/.test(field.type);

function nameOf(field) {
  const place = field.form?.id || field.form?.getAttribute("action") || "";
  const value = isTick(field) ? field.value : "";
  return [place, field.name, value].join("\n");
}

function touched(field) {
  if (isTick(field)) return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue;
}

function remember(target, sent) {
  typed.clear();
  open.clear();
  for (const field of all(target, writable)) {
    if (!field.name || field.form === sent || !touched(field)) continue;
    typed.set(nameOf(field), isTick(field) ? field.checked : field.value);
  }
  for (const details of all(target, "details[id][open]")) if (!sent || !details.contains(sent)) open.add(details.id);
}

function recall() {
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (!typed.size) return;
  for (const field of document.querySelectorAll(writable)) {
    const kept = typed.get(nameOf(field));
    if (kept === undefined || touched(field)) continue;
    if (typeof kept === "boolean") field.checked = kept;
    else field.value = kept;
  }
}

// ---- a number with a slider beside it --------------------------------------------------

function slide(root) {
  for (const number of all(root, "input[data-slider]:not(.slider input)")) {
    const range = document.createElement("input");
    Object.assign(range, { type: "range", min: number.min, max: number.max, value: number.value });
    range.setAttribute("aria-label", number.labels[0]?.textContent.trim() ?? "");
    const both = document.createElement("div");
    both.className = "slider";
    number.replaceWith(both);
    both.append(range, number);
    range.addEventListener("input", () => (number.value = range.value));
    number.addEventListener("input", () => (range.value = number.value));
  }
}

document.addEventListener("htmx:afterSettle", (event) => slide(event.target));
slide(document);

// ---- what can be copied ----------------------------------------------------------------

function offerCopies(root) {
  for (const button of all(root, "button[data-copy][hidden]")) button.hidden = !navigator.clipboard;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  await navigator.clipboard.writeText(field.value);
  const said = $("span", button);
  [said.textContent, button.dataset.copied] = [button.dataset.copied, said.textContent];
  said.setAttribute("role", "status");
  setTimeout(() => ([said.textContent, button.dataset.copied] = [button.dataset.copied, said.textContent]), 2000);
});

document.addEventListener("htmx:afterSettle", (event) => offerCopies(event.target));
offerCopies(document);

// ---- where the focus goes -------------------------------------------------------------

let heldFocus = null;

function place(root) {
  for (const dialog of all(root, "dialog[data-open]:not([open])")) dialog.showModal();
  const wanted = all(root, "[data-focus]")[0];
  if (wanted) return wanted.focus({ preventScroll: false });
  const lost = !document.activeElement || document.activeElement === document.body;
  if (!lost) return;
  const same = heldFocus && document.getElementById(heldFocus);
  if (same) return same.focus({ preventScroll: true });
  const heading = all(root, "h1, h2, h3, [tabindex]")[0];
  if (!heading) return;
  if (!heading.hasAttribute("tabindex")) heading.setAttribute("tabindex", "-1");
  heading.focus({ preventScroll: true });
}

// ---- htmx -----------------------------------------------------------------------------

const formOf = (element) => element?.closest?.("form") ?? null;

document.addEventListener("htmx:beforeRequest", (event) => {
  event.detail.target?.setAttribute("aria-busy", "true");
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, target } = event.detail;
  target?.removeAttribute("aria-busy");
  const form = formOf(elt);
  if (form) release(form);
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  heldFocus = document.activeElement?.id ?? null;
  if (target) remember(target, formOf(requestConfig?.elt));
});

document.addEventListener("htmx:afterSettle", (event) => {
  recall();
  if (event.detail.requestConfig?.triggeringEvent || event.detail.elt?.querySelector?.("[data-focus]")) place(event.detail.elt);
});

// ---- whoever leaves the page of an inquiry leaves it to others ------------------------------

addEventListener("pagehide", () => {
  const place = $("[data-leave]")?.dataset.leave;
  if (!place) return;
  const form = new FormData();
  form.set("csrf_token", $("meta[name=csrf-token]").content);
  navigator.sendBeacon(place, form);
});

// A message of ours where the answer did not come, or came from a fault.
function tell(text) {
  const line = document.createElement("div");
  line.className = "notice notice-error";
  line.append(Object.assign(document.createElement("p"), { textContent: text }));
  $("#flashes")?.replaceChildren(line);
  line.scrollIntoView({ block: "nearest" });
}

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => tell(document.body.dataset.offline));
}
document.addEventListener("htmx:responseError", () => tell(document.body.dataset.trouble));

// ---- menus ----------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details[data-menu][open]") ?? $("details[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  $("summary", menu).focus();
});

// Ctrl+K or ⌘K leads to the search from anywhere.
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  const link = $("[data-search]");
  if (!link) return;
  event.preventDefault();
  const field = $("[data-search-field]");
  if (!field) return link.click();
  field.focus();
  field.select();
});

// Filters that send themselves; without a script there is a button.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-send-on-change]")) form.requestSubmit();
});

// ---- news -----------------------------------------------------------------------------
// The stream tells kinds and ids; what stands behind them is fetched. Nothing that is read, typed
// or about to be pressed moves. Without a stream the page asks by itself while somebody looks at it.

const POLL = 20_000;
const LEFT_ALONE = 30_000; // a page that nobody sees gives its stream back
// a card that settles still wears the classes of the one whose place it took
const openCard = ".lead-card:not(.lead-card-gone, .lead-card-yours, .htmx-settling)";
const around = (ms) => ms * (0.75 + Math.random() / 2);

function follow({ stream, at: made, signedOut }) {
  let source, again, polling, away, ended = false;
  let heardAt = made;
  let pause = 1000;
  const offered = new Set();

  // -- the stream

  function open() {
    clearTimeout(again);
    if (source || ended || document.hidden) return;
    const began = Date.now();
    source = new EventSource(`${stream}?since=${heardAt}`, { withCredentials: true });
    const on = (kind, act) => source.addEventListener(kind, (event) => {
      heardAt = event.lastEventId || heardAt;
      act(JSON.parse(event.data));
    });
    on("hello", ({ hears }) => (hears ? rest() : poll()));
    on("away", poll);
    on("again", ({ within }) => (rest(), lookAtAll(within)));
    on("lead", ({ lead, gone, within }) => (gone ? fade(lead, within) : (offered.add(lead), soon("list", within))));
    on("gate", ({ within }) => (soon("gate", within), soon("team", within)));
    on("board", ({ within }) => soon("board", within));
    on("asked", ({ lead }) => lookAtAsked(lead));
    on("bye", leave);
    source.onerror = () => {
      // turned away: for want of a stream, or of a sign-in
      if (source.readyState === EventSource.CLOSED) ask("/stream", "HEAD").catch(() => {});
      close();
      pause = Date.now() - began > 10_000 ? 1000 : Math.min(pause * 2, 60_000);
      poll();
      again = setTimeout(open, around(pause));
    };
  }

  function close() {
    source?.close();
    source = undefined;
  }

  function leave() {
    ended = true;
    close();
    rest();
    const halfTyped = [...document.querySelectorAll(writable)].some((field) => field.name && touched(field));
    if (halfTyped) tell(signedOut);
    else location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  }

  // -- asking by itself

  function poll() {
    polling ??= setTimeout(() => {
      polling = undefined;
      if (ended) return;
      if (!document.hidden) lookAtAll(0);
      poll();
    }, around(POLL));
  }

  function rest() {
    clearTimeout(polling);
    polling = undefined;
  }

  async function ask(path, method = "GET") {
    const answer = await fetch(path, { method, headers: { "HX-Request": "true", "X-Live": "1" } });
    if (answer.headers.has("HX-Redirect") && !ended) leave();
    return answer;
  }

  async function fragment(path) {
    const answer = await ask(path);
    const holder = document.createElement("template");
    if (answer.ok) holder.innerHTML = await answer.text();
    return holder.content;
  }

  const looks = { gate: lookAtGate, team: lookAtTeam, board: lookAtBoard, list: lookAtList };
  const lookAtAll = (within) => Object.keys(looks).forEach((name) => soon(name, within));
  const due = new Set();
  const last = {};

  // At once for the first, then no more often than every two seconds, however much happens.
  function soon(name, within) {
    if (due.has(name)) return;
    due.add(name);
    const wait = Math.max(Math.random() * within, (last[name] ?? 0) + 2000 - Date.now());
    setTimeout(() => {
      due.delete(name);
      last[name] = Date.now();
      looks[name]().catch(poll);
    }, wait);
  }

  // -- what changes on the page

  async function lookAtAsked(lead) {
    const line = $(".notice", await fragment(`/leads/${lead}/asked-again`));
    if (line && !document.getElementById(line.id)) $("#flashes")?.append(line);
  }

  async function lookAtGate() {
    const here = $("#gate");
    if (!here) return;
    const now = $(".gate", await fragment("/gate"));
    const before = here.matches(".gate") ? here : $(".gate", here);
    if (!now || !before || before.textContent.trim() === now.textContent.trim()) return;
    before.className = now.className;
    before.replaceChildren(...now.childNodes);
  }

  // Whoever is looked at, or being handed on from, keeps her card; its head alone tells the news.
  async function lookAtTeam() {
    if (!$("#team")) return;
    const now = await fragment("/team/state");
    for (const part of now.querySelectorAll("#team-figures, #team-gate, #team article")) {
      const before = document.getElementById(part.id);
      if (!before || before.innerHTML === part.innerHTML) continue;
      const inUse = before.contains(document.activeElement) || before.matches(":hover") || $(".team-slot:not(:empty)", before);
      if (inUse && part.matches("article")) {
        $(".team-head", before).replaceChildren(...$(".team-head", part).childNodes);
        continue;
      }
      const wasOpen = $("details", before)?.open;
      before.replaceChildren(...part.childNodes);
      if (wasOpen) $("details", before)?.setAttribute("open", "");
      htmx.process(before);
    }
  }

  async function lookAtBoard() {
    if (!$(".board")) return;
    const now = await fragment(`/board/counts${location.search}`);
    for (const column of now.querySelectorAll(".board-column")) {
      const before = document.getElementById(column.id);
      if (!before || before.innerHTML === column.innerHTML) continue;
      const inUse = before.contains(document.activeElement) || before.matches(":hover");
      if (inUse) $("h2", before).replaceChildren(...$("h2", column).childNodes);
      else before.replaceChildren(...column.childNodes);
    }
  }

  async function lookAtList() {
    const list = $("#available");
    if (!list) return;
    const query = new URLSearchParams(location.search);
    query.set("since", list.dataset.at);
    query.set("leads", [...list.querySelectorAll(openCard)].map((card) => card.id.slice(5)));
    query.set("maybe", [...offered]);
    const answer = await ask(`/available/news?${query}`);
    if (!answer.headers.get("Content-Type").includes("json")) return;
    const { gone, fresh } = await answer.json();
    for (const lead of gone) fade(lead, 300);
    announce(fresh);
  }

  function announce(fresh) {
    const link = $("#news-show");
    if (!link) return;
    const { one, many } = link.dataset;
    link.hidden = !fresh.length;
    link.textContent = (fresh.length === 1 ? one : many).replace("#", fresh.length);
    link.dataset.leads = fresh;
  }

  // What came while nothing was heard is announced as well, without the stream having named it.
  function isAnnounced(lead) {
    const link = $("#news-show:not([hidden])");
    return Boolean(link) && link.dataset.leads.split(",").includes(String(lead));
  }

  // A photo-finish counts down to its second; then the card looks how it went, stream or not.
  setInterval(() => {
    for (const time of document.querySelectorAll("[data-decides]")) {
      const left = Math.ceil((Date.parse(time.dateTime) - Date.now()) / 1000);
      time.dataset.left = left > 0 && left < 3600 ? ` (${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")})` : "";
      if (left === -1) fade(time.dataset.decides, 500);
    }
  }, 1000);

  // The card pales at once; a moment later its foot says what became of it. It keeps its place.
  async function fade(lead, within) {
    const card = document.getElementById(`lead-${lead}`);
    if (offered.delete(lead) || isAnnounced(lead)) soon("list", 300);
    if (!card?.matches(openCard) || $(".htmx-request", card)) return;
    card.classList.add("lead-card-gone");
    await new Promise((done) => setTimeout(done, Math.random() * within));
    const now = await fragment(`/leads/${lead}/card`).catch(() => null);
    if (!now || !card.isConnected || $(".htmx-request", card)) return;
    const yours = $(".lead-card-yours", now);
    if (yours) {
      const inside = card.contains(document.activeElement);
      card.replaceWith(yours);
      htmx.process(yours);
      return inside && $("h2", yours).focus({ preventScroll: true });
    }
    const open = $(openCard, now);
    if (open && $("[data-decides]", card)) {
      // nobody could have it: it is on offer again
      card.replaceWith(open);
      return htmx.process(open);
    }
    if (open) return card.classList.remove("lead-card-gone");
    const said = $("[role=status]", now);
    const foot = $(".lead-card-foot", card);
    if (!said || !foot) return;
    $("[data-decides]", card)?.closest("p").remove();
    const inHand = document.activeElement;
    const focused = foot.contains(inHand);
    const top = inHand.getBoundingClientRect().top;
    foot.style.minHeight = `${foot.offsetHeight}px`;
    foot.replaceChildren(said, ...[$(".lead-card-foot .buttons", now)].filter(Boolean));
    htmx.process(foot);
    if (focused) $("h2", card).focus({ preventScroll: true });
    else if (card.contains(inHand)) scrollBy({ top: inHand.getBoundingClientRect().top - top, behavior: "instant" });
  }

  document.addEventListener("htmx:afterSettle", (event) => {
    const link = $("#news-show");
    if (event.detail.requestConfig?.elt !== link || !link || link.hidden) return;
    link.hidden = true;
    offered.clear();
    const fresh = link.dataset.leads.split(",").map((lead) => document.getElementById(`lead-${lead}`)).filter(Boolean);
    for (const card of fresh) card.classList.add("lead-card-new");
    $("h2", fresh[0] ?? $("#listing"))?.focus();
  });

  document.addEventListener("visibilitychange", () => {
    clearTimeout(away);
    if (document.hidden) away = setTimeout(close, LEFT_ALONE);
    else open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && open());
  // who only passes through needs no stream; what happens meanwhile is told then
  again = setTimeout(open, 400);
}

if (document.body.dataset.stream) follow(document.body.dataset);

$("[data-focus]")?.focus();
