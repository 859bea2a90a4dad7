// Suggestions below the search box: an editable combobox with a list, after the ARIA Authoring
// Practices. Arrow keys move, Enter follows, Escape closes; without this script the form just works.

const WAIT = 150; // ms without a key before the server is asked
const form = document.querySelector("[data-suggestions]");
const input = form?.querySelector("input[type=search]");

if (input) start(form, input);

function start(form, input) {
  const list = document.createElement("div");
  list.id = "search-suggestions";
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  list.hidden = true;
  const status = document.createElement("p");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  form.append(list, status);
  for (const [name, value] of [
    ["role", "combobox"],
    ["aria-autocomplete", "list"],
    ["aria-expanded", "false"],
    ["aria-controls", list.id],
  ]) {
    input.setAttribute(name, value);
  }

  let timer = 0;
  let asked = null; // the request under way
  let active = -1;

  const options = () => [...list.querySelectorAll("[role=option]")];

  function close() {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(index) {
    const all = options();
    active = index;
    for (const [i, option] of all.entries()) {
      option.setAttribute("aria-selected", String(i === index));
    }
    if (index < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", all[index].id);
      all[index].scrollIntoView({ block: "nearest" });
    }
  }

  function show(groups) {
    list.replaceChildren();
    let number = 0;
    for (const group of groups) {
      const section = document.createElement("div");
      section.setAttribute("role", "group");
      const title = document.createElement("p");
      title.id = `suggestions-${group.name.toLowerCase()}`;
      title.className = "suggestions__title";
      title.textContent = group.name;
      section.setAttribute("aria-labelledby", title.id);
      section.append(title);
      for (const { label, note, url } of group.options) {
        const option = document.createElement("a");
        option.id = `suggestion-${number++}`;
        option.className = "suggestions__option";
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.tabIndex = -1;
        option.href = url;
        option.textContent = label;
        if (note) {
          const small = document.createElement("span");
          small.className = "muted small";
          small.textContent = note;
          option.append(" ", small);
        }
        section.append(option);
      }
      list.append(section);
    }
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = number === 0;
    input.setAttribute("aria-expanded", String(number > 0));
    status.textContent = number ? `${number} suggestion${number === 1 ? "" : "s"}` : "";
  }

  async function ask() {
    asked?.abort();
    const typed = input.value.trim();
    if (typed.length < 2) {
      close();
      return;
    }
    asked = new AbortController();
    try {
      const address = `${form.dataset.suggestions}?q=${encodeURIComponent(typed)}`;
      const answer = await fetch(address, {
        signal: asked.signal,
        headers: { Accept: "application/json" },
      });
      if (answer.ok && document.activeElement === input) show((await answer.json()).groups);
    } catch {
      // A newer key, or no connection: the form still searches.
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) {
      event.preventDefault();
      if (list.hidden) {
        list.hidden = false;
        input.setAttribute("aria-expanded", "true");
      }
      // One place more than options: between the last and the first lies the box itself.
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark(((active + 1 + step + count + 1) % (count + 1)) - 1);
    } else if (event.key === "Enter" && !list.hidden && active >= 0) {
      event.preventDefault();
      options()[active].click();
    }
  });
  input.addEventListener("blur", () => setTimeout(close, 150));
  // The blur must not take the list away before the click arrives.
  list.addEventListener("mousedown", (event) => event.preventDefault());
}
