// What pages gain from a script; each of them works without it.
// Double sending, where the focus goes after a swap, half-typed text, menus, broken connections.

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

// Filters that send themselves; without a script there is a button.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-send-on-change]")) form.requestSubmit();
});

$("[data-focus]")?.focus();
