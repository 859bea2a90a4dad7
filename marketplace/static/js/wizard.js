// Keeps what is typed in a step, a moment after each change; without this file its buttons do.

const PAUSE = 700; // milliseconds without a change before saving
const MAX_WAIT = 20_000;

const form = document.querySelector("form[data-wizard]");
const status = form?.querySelector("[data-wizard-status]");
const conflict = form?.querySelector("[data-wizard-conflict]");

let timer = 0;
let wait = 1000;
let changed = false;
let running = null;
let disagreeing = false;

function say(text) {
  if (status.textContent !== text) status.textContent = text;
}

/** What the form holds but its files, and no button. */
function typed() {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") body.append(name, value);
  }
  return body;
}

async function send() {
  changed = false;
  say("Saving…");
  const body = typed();
  const response = await fetch(form.action, {
    method: "POST",
    headers: { Accept: "application/json" },
    body,
    // Outlives the page; browsers allow it for 64 kB.
    keepalive: String(body).length < 60_000,
  });
  if (response.redirected) {
    say("You have been logged out. Log in in another tab; nothing here is lost.");
    changed = true;
    return;
  }
  if (response.status === 409) {
    const answer = await response.json();
    changed = true;
    if (answer.theirs) disagree(answer);
    else say("This listing has been submitted in another tab.");
    return;
  }
  if (response.status === 422) {
    say((await response.json()).message);
    return;
  }
  if (!response.ok) throw new Error(String(response.status));
  const { revision, address } = await response.json();
  form.elements.revision.value = revision;
  if (new URL(address, location.href).pathname !== new URL(form.action).pathname) {
    form.action = address;
    history.replaceState(null, "", address); // so that reloading finds it again
  }
  wait = 1000;
  say(changed ? "Saving…" : "Saved.");
}

/** Save now; one at a time, for each save tells the next which revision it follows. */
function save() {
  clearTimeout(timer);
  if (disagreeing) return Promise.resolve();
  running ??= send()
    .catch(() => {
      changed = true;
      say("Not saved yet; trying again.");
      later(wait);
      wait = Math.min(wait * 2, MAX_WAIT);
    })
    .finally(() => {
      running = null;
    });
  return running;
}

function later(pause = PAUSE) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if (running) await running;
    if (changed) save();
  }, pause);
}

function button(text, act) {
  const node = document.createElement("button");
  node.type = "button";
  node.className = "button button--small";
  node.textContent = text;
  node.addEventListener("click", () => {
    disagreeing = false;
    conflict.hidden = true;
    act();
    changed = true;
    save();
  });
  return node;
}

/** Another tab changed the same input: its person decides, nothing is overwritten before. */
function disagree({ revision, theirs }) {
  disagreeing = true;
  say("Not saved: another tab or device has changed this meanwhile.");
  const words = document.createElement("div");
  words.className = "stack stack--tight";
  const first = document.createElement("p");
  first.textContent = "Saved there, while this page says something else:";
  words.append(first);
  for (const { label, text } of theirs) {
    const line = document.createElement("p");
    const name = document.createElement("strong");
    name.textContent = `${label}: `;
    line.append(name, text || "(empty)");
    words.append(line);
  }
  const follow = () => {
    form.elements.revision.value = revision;
  };
  const choices = document.createElement("p");
  choices.className = "cluster";
  choices.append(
    button("Keep what stands here", follow),
    button("Take what was saved there", () => {
      follow();
      for (const { name, text } of theirs) form.elements[name].value = text;
    }),
  );
  words.append(choices);
  conflict.replaceChildren(words);
  conflict.setAttribute("role", "alert");
  conflict.hidden = false;
}

function change(event) {
  if (event.target.type === "file") return;
  changed = true;
  // At once: "Saved." must not stand beside what was typed a moment ago.
  if (!disagreeing) say("Saving…");
  later();
}

/** A button is pressed while a save is under way: that one first, or the two would disagree. */
async function submitted(event) {
  clearTimeout(timer);
  changed = false;
  if (!running) return;
  event.preventDefault();
  const { submitter } = event;
  await running;
  clearTimeout(timer);
  form.requestSubmit(submitter);
}

function upload(files) {
  const input = form.querySelector("[data-wizard-files]");
  if (!input || !files?.length) return false;
  if (files !== input.files) input.files = files;
  form.requestSubmit(form.querySelector("[data-wizard-upload]"));
  return true;
}

if (form) {
  form.addEventListener("input", change);
  form.addEventListener("change", change);
  form.addEventListener("submit", submitted);
  form.querySelector("[data-wizard-files]")?.addEventListener("change", (event) => {
    upload(event.target.files);
  });
  document.addEventListener("paste", (event) => {
    if (upload(event.clipboardData?.files)) event.preventDefault();
  });
  const area = form.querySelector(".wizard__drop");
  area?.addEventListener("dragover", (event) => event.preventDefault());
  area?.addEventListener("drop", (event) => {
    if (upload(event.dataTransfer?.files)) event.preventDefault();
  });
  for (const chip of form.querySelectorAll("[data-tag]")) {
    chip.addEventListener("click", () => {
      const { tags } = form.elements;
      tags.value = [...tags.value.split(",").map((tag) => tag.trim()), chip.dataset.tag]
        .filter(Boolean)
        .join(", ");
      tags.dispatchEvent(new Event("input", { bubbles: true }));
      tags.focus();
      chip.remove();
    });
  }
  // Leaving, closing, switching to another program: what is not saved yet goes out now.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && changed) save();
  });
  window.addEventListener("pagehide", () => {
    if (changed) save();
  });
}
