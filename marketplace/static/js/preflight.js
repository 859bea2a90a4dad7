// Moves a preflight's bar, and shows the page anew once evidence is there.

const SECOND = 1000;
const MAX_PAUSE = 10 * SECOND;

const root = document.querySelector("[data-preflight]");

function show({ percent, message }) {
  const bar = root.querySelector("[data-preflight-bar]");
  bar.value = percent;
  bar.textContent = `${percent} %`;
  const text = root.querySelector("[data-preflight-message]");
  if (text.textContent !== message) text.textContent = message;
}

async function poll(pause) {
  let next = SECOND;
  try {
    const response = await fetch(root.dataset.preflight, { headers: { Accept: "application/json" } });
    if (response.status === 404 || response.redirected) {
      location.reload(); // logged out meanwhile, or gone
      return;
    }
    if (!response.ok) throw new Error(String(response.status));
    const progress = await response.json();
    show(progress);
    if (!progress.open) {
      location.reload();
      return;
    }
  } catch {
    next = Math.min(pause * 2, MAX_PAUSE); // the site is away: ask less often
  }
  setTimeout(poll, next, next);
}

if (root) setTimeout(poll, SECOND, SECOND);
