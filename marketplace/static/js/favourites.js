// Saves and drops favourites without leaving the page; the form behind the hearts does it without.

const form = document.querySelector("#favourites-form");
const status = document.querySelector("#favourites-status");

async function press(button) {
  const data = new FormData(form);
  data.set(button.name, button.value);
  const response = await fetch(form.action, {
    method: "POST",
    body: data,
    headers: { Accept: "application/json" },
  });
  if (!response.ok || response.redirected) throw new Error(String(response.status));
  return (await response.json()).kept;
}

// The same prompt may stand on several shelves of a page.
function turn(id, kept) {
  for (const button of document.querySelectorAll(`[data-save][value="${CSS.escape(id)}"]`)) {
    button.name = kept ? "drop" : "keep";
    button.setAttribute("aria-pressed", String(kept));
    const word = button.querySelector("[data-save-word]");
    if (word) word.textContent = kept ? "Saved" : "Save";
  }
}

form?.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (!button?.matches("[data-save]")) return;
  event.preventDefault();
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    const kept = await press(button);
    turn(button.value, kept);
    status.textContent = kept ? "Saved to your favourites" : "No longer a favourite";
  } catch {
    // Logged out meanwhile, or the site is away: the page itself will say so.
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: button.name, value: button.value });
    form.append(field);
    form.submit();
  } finally {
    button.removeAttribute("aria-busy");
  }
});
