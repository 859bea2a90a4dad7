// Looking with a picture: dropped on the search box or pasted into it, and on its own page dropped on
// the form or pasted anywhere. The browser's own form works without this.

const page = document.querySelector("[data-image-search]");
const box = document.querySelector("[data-picture-search]");

if (page) {
  page.querySelector("[data-enhanced]").hidden = false;
  const field = page.querySelector("input[type=file]");
  const problem = page.querySelector("[data-problem]");
  accept(page, document, page.action, (message) => {
    say(problem, message);
    if (message) field.focus();
  });
  page.addEventListener("submit", (event) => {
    event.preventDefault();
    send(page, field.files[0], page.action, (message) => say(problem, message));
  });
}

if (box) {
  const problem = document.createElement("p");
  problem.className = "search__problem";
  problem.setAttribute("role", "alert");
  problem.hidden = true;
  box.append(problem);
  const input = box.querySelector("input[type=search]");
  input.addEventListener("input", () => say(problem, ""));
  accept(box, input, box.dataset.pictureSearch, (message) => say(problem, message));
}

// Take pictures that are dropped on the form, or pasted while `pasted` has the event.
function accept(form, pasted, address, tell) {
  pasted.addEventListener("paste", (event) => take(event.clipboardData, event));
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
      // Text that is dragged into the box stays the browser's business.
      if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
      event.preventDefault();
      form.classList.add("takes-picture");
    });
  }
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) form.classList.remove("takes-picture");
  });
  form.addEventListener("drop", (event) => {
    form.classList.remove("takes-picture");
    take(event.dataTransfer, event);
  });

  function take(transfer, event) {
    const files = [...(transfer?.files ?? [])];
    if (!files.length || event.defaultPrevented) return;
    event.preventDefault();
    const picture = files.find((one) => one.type.startsWith("image/"));
    if (picture) send(form, picture, address, tell);
    else tell("That is no picture. PNG, JPEG and WebP can be looked for.");
  }
}

async function send(form, file, address, tell) {
  tell("");
  form.setAttribute("aria-busy", "true");
  const body = new FormData();
  body.append("image", file);
  try {
    const answer = await fetch(address, {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
    });
    const said = await answer.json();
    if (answer.ok) window.location.assign(said.url);
    else tell(said.error.message);
  } catch {
    tell("The picture could not be sent. Check your connection and try again.");
  } finally {
    form.removeAttribute("aria-busy");
  }
}

function say(problem, message) {
  problem.textContent = message;
  problem.hidden = !message;
}
