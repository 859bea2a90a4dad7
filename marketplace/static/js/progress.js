// Moves the bar of a listing under verification, and opens its next page when it is done.

const SECOND = 1000;
const MAX_PAUSE = 10 * SECOND;

const root = document.querySelector("[data-progress]");

function detail({ state, samples_done: done, samples_total: total, step, steps }) {
  if (state !== "running") return "";
  const current = Math.min(done + 1, total);
  return `sample ${current} of ${total}, step ${step} of ${steps}`;
}

function show(progress) {
  const bar = root.querySelector("[data-progress-bar]");
  if (progress.state === "running" || progress.percent > 0) {
    bar.value = progress.percent;
    bar.textContent = `${progress.percent} %`;
  }
  const message = root.querySelector("[data-progress-message]");
  if (message.textContent !== progress.message) message.textContent = progress.message;
  root.querySelector("[data-progress-detail]").textContent = detail(progress);
}

async function poll(pause) {
  let next = SECOND;
  try {
    const response = await fetch(root.dataset.progress, { headers: { Accept: "application/json" } });
    if (response.status === 404 || response.redirected) {
      location.reload(); // logged out meanwhile, or gone
      return;
    }
    if (!response.ok) throw new Error(String(response.status));
    const progress = await response.json();
    show(progress);
    if (progress.listing_state !== "verifying") {
      location.reload();
      return;
    }
  } catch {
    next = Math.min(pause * 2, MAX_PAUSE); // the site is away: ask less often
  }
  setTimeout(poll, next, next);
}

if (root) poll(SECOND);
