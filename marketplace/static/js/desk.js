// The moderators' keyboard, and the next case ready before it is wanted. Without this script every
// button still does what it says.

const UNDO_SHOWN_MS = 500;
let ready = null; // the next case: {html, address}, or null while it is on its way
let coming = null;

const desk = () => document.querySelector("[data-desk]");
const key = (name) => [...document.querySelectorAll(`[data-key="${name}"]`)].pop();
const token = () => document.querySelector('input[name="csrf_token"]').value;

function keepSwitches() {
  for (const box of document.querySelectorAll("[data-keep]")) {
    box.checked = localStorage.getItem(box.dataset.keep) === "1";
    box.addEventListener("change", () => localStorage.setItem(box.dataset.keep, box.checked ? "1" : ""));
  }
}

// -- the next case -------------------------------------------------------------------------------

async function post(address, fields) {
  return fetch(address, {
    method: "POST",
    body: new URLSearchParams({ csrf_token: token(), ...fields }),
    headers: { "X-Requested-With": "fetch" },
  });
}

function warm(page) {
  for (const picture of page.querySelectorAll(".desk-pairs img")) {
    const image = new Image();
    image.sizes = picture.sizes;
    image.srcset = picture.srcset;
  }
}

async function fetchNext() {
  const here = desk();
  if (here.dataset.atWork !== "yes") return null;
  const answer = await post(here.dataset.next, {
    tab: here.dataset.tab,
    order: here.dataset.order,
    after: here.dataset.case,
  });
  if (!answer.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!page.querySelector('[data-desk="case"]')) return null;
  warm(page);
  return { page, address: answer.url };
}

function prepare() {
  ready = null;
  delete document.documentElement.dataset.nextReady;
  coming = fetchNext().catch(() => null);
  coming.then((found) => {
    ready = found;
    document.documentElement.dataset.nextReady = found ? "yes" : "no";
  });
}

function show(next) {
  document.querySelector("main").replaceWith(next.page.querySelector("main"));
  document.title = next.page.title;
  history.pushState(null, "", next.address);
  document.dispatchEvent(new Event("content:replaced"));
  begin();
  window.scrollTo(0, 0);
}

function backToQueue(bar) {
  const here = desk();
  if (bar) sessionStorage.setItem("desk-said", bar);
  const place = new URLSearchParams({ tab: here.dataset.tab, order: here.dataset.order });
  location.assign(`/moderate?${place}`);
}

// -- deciding ------------------------------------------------------------------------------------

function complain(text) {
  const box = document.querySelector("[data-error]");
  const notice = document.createElement("p");
  notice.className = "notice notice--error";
  notice.setAttribute("role", "alert");
  notice.textContent = text;
  box.replaceChildren(notice);
  notice.scrollIntoView({ block: "nearest" });
}

async function decide(event) {
  event.preventDefault();
  const form = event.target;
  if (form.dataset.sent) return;
  form.dataset.sent = "yes";
  const button = event.submitter;
  const address = button?.hasAttribute("formaction") ? button.formAction : form.action;
  const answer = await fetch(address, {
    method: "POST",
    body: new FormData(form),
    headers: { "X-Requested-With": "fetch", Accept: "text/html, application/json" },
  }).catch(() => null);
  if (!answer?.ok) {
    delete form.dataset.sent;
    const said = await answer?.json().catch(() => null);
    complain(said?.error?.message || said?.error || "That did not reach us. Please try again.");
    return;
  }
  const bar = await answer.text();
  const next = ready || (await coming);
  if (!next) return backToQueue(bar);
  show(next);
  document.querySelector("[data-undo]").innerHTML = bar;
  fade();
}

// The bar goes when its moment has passed.
function fade() {
  const bar = document.querySelector("[data-undo-bar]");
  if (!bar) return;
  const seconds = Number(bar.dataset.seconds || 6);
  setTimeout(() => bar.remove(), seconds * 1000 + UNDO_SHOWN_MS);
}

// -- keys ----------------------------------------------------------------------------------------

function choose(number) {
  const radio = document.querySelector(`input[name="code"][data-number="${number}"]`);
  if (radio) radio.checked = true;
}

async function skip() {
  const here = desk();
  const next = ready || (await coming);
  const release = document.querySelector("[data-release]");
  if (release) await post(release.action, {});
  if (next) show(next);
  else if (here.dataset.atWork === "yes") backToQueue();
}

function row(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(Math.max(at + step, 0), rows.length - 1)]?.focus();
}

const flip = (id) => document.getElementById(id)?.click();
const onCase = () => desk()?.dataset.desk === "case";

const KEYS = {
  j: () => (onCase() ? skip() : row(1)),
  k: () => (onCase() ? history.back() : row(-1)),
  n: () => document.getElementById("note")?.focus(),
  b: () => flip("blur-pictures"),
  g: () => flip("grey-pictures"),
  "?": () => document.querySelector(".desk-keys")?.showModal(),
};

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.closest('textarea, select, input:not([type="radio"], [type="checkbox"], [type="range"])');
  if (typing) {
    if (event.key === "Escape") typing.blur();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  const digit = /^Digit([1-9])$/.exec(event.code);
  if (digit && onCase()) {
    choose(Number(digit[1]) + (event.shiftKey ? 9 : 0));
    event.preventDefault();
    return;
  }
  const name = event.key.toLowerCase();
  const act = KEYS[name];
  const button = act ? null : key(name);
  if (!act && !button) return;
  event.preventDefault();
  if (act) act();
  else button.click();
}

// What was said on the case that is left; the queue itself knows what can still be undone.
function tell() {
  const said = sessionStorage.getItem("desk-said");
  sessionStorage.removeItem("desk-said");
  const place = document.querySelector("[data-undo]");
  if (said && place && !place.children.length) place.innerHTML = said;
}

// -- labels ---------------------------------------------------------------------------------------

// Without a new page: whatever has been typed into the decision stays.
async function label(event) {
  const button = event.submitter;
  if (!button) return;
  event.preventDefault();
  const form = event.target;
  const fields = Object.fromEntries(new FormData(form));
  const answer = await post(form.action, { ...fields, [button.name]: button.value }).catch(() => null);
  if (!answer || !answer.ok) {
    button.textContent = `${button.name}: not saved`;
    return;
  }
  for (const one of document.querySelectorAll(`[form="labels"][value="${button.value}"]`)) {
    one.setAttribute("aria-pressed", String(one === button));
  }
}

function begin() {
  tell();
  keepSwitches();
  fade();
  const help = document.querySelector("[data-help]");
  if (help) {
    help.hidden = false;
    help.addEventListener("click", KEYS["?"]);
  }
  const form = document.getElementById("decision");
  if (form) {
    form.addEventListener("submit", decide);
    prepare();
  }
  document.getElementById("labels")?.addEventListener("submit", label);
}

document.addEventListener("keydown", pressed);
window.addEventListener("popstate", () => location.reload());
begin();
