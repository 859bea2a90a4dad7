// Brings the page of a table that is being taken in up to date: new rows are added, none is moved.

const SECOND = 1000;
const PAUSE = 2 * SECOND;
const MAX_PAUSE = 10 * SECOND;

const page = document.querySelector('[data-bulk="open"]');

function show(fresh) {
  const progress = page.querySelector("[data-bulk-progress]");
  const stop = progress.querySelector("form");
  const held = stop.contains(document.activeElement);
  const next = fresh.querySelector("[data-bulk-progress]");
  next.querySelector("form")?.replaceWith(stop); // the button that somebody may be about to press
  progress.replaceChildren(...next.childNodes);
  if (held) stop.querySelector("button").focus();
  const rows = page.querySelector("[data-bulk-rows]");
  const last = Number(rows.lastElementChild?.dataset.row ?? 0);
  const added = [...fresh.querySelectorAll("[data-row]")].filter((row) => Number(row.dataset.row) > last);
  rows.append(...added);
}

async function poll(pause) {
  let next = PAUSE;
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (response.status === 404 || response.redirected) {
      location.reload(); // logged out meanwhile, or gone
      return;
    }
    if (!response.ok) throw new Error(String(response.status));
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    if (!fresh.querySelector('[data-bulk="open"]')) {
      location.reload();
      return;
    }
    show(fresh);
  } catch {
    next = Math.min(pause * 2, MAX_PAUSE); // the site is away: ask less often
  }
  setTimeout(poll, next, next);
}

if (page) setTimeout(poll, SECOND, PAUSE);
