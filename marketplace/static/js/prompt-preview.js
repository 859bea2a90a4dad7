// Shows, while a seller types, which variables the prompt has and where its mistakes are.
// The server parses: there is one grammar, and this file knows none of it.

const PAUSE = 350; // milliseconds without a key before asking

const field = document.querySelector("textarea[data-preview]");
const output = document.querySelector("[data-preview-output]");

function line(tag, text, className = "") {
  const node = document.createElement(tag);
  node.textContent = text;
  node.className = className;
  return node;
}

function describe(variable) {
  if (variable.described) return variable.described;
  if (variable.choices.length) return variable.choices.join(", ");
  return variable.default === null ? "free text" : `starts as “${variable.default}”`;
}

function showHints(hints) {
  const list = document.createElement("ul");
  list.className = "hints small";
  for (const hint of hints) {
    const item = document.createElement("li");
    item.className = hint.is_warning ? "hint hint--warning" : "hint";
    item.append(line("p", hint.explanation), line("p", hint.suggestion, "muted"));
    list.append(item);
  }
  return list;
}

function showVariables({ variables, words, hints, example }) {
  const list = document.createElement("ul");
  for (const variable of variables) {
    const item = document.createElement("li");
    item.append(line("span", `[${variable.name}]`, "variable"), ` ${describe(variable)}`);
    list.append(item);
  }
  const count = variables.length;
  const summary = count
    ? `${count} variable${count > 1 ? "s" : ""}, ${words} words`
    : `${words} words and no variable yet: put [brackets] around a part that buyers may change`;
  output.replaceChildren(
    line("p", summary, "muted"),
    ...(count ? [list] : []),
    ...(count ? [line("p", `A buyer would get: ${example}`)] : []),
    ...(hints.length ? [showHints(hints)] : []),
  );
}

function showProblems(problems) {
  const lines = problems.map(({ line: row, column, message }) =>
    line("p", `Line ${row}, column ${column}: ${message}`, "field__error"),
  );
  output.replaceChildren(...lines);
}

let running = null;

async function preview() {
  running?.abort();
  if (!field.value.trim()) {
    output.hidden = true;
    return;
  }
  running = new AbortController();
  const token = field.form.elements.csrf_token.value;
  try {
    const response = await fetch(field.dataset.preview, {
      method: "POST",
      headers: { "X-CSRFToken": token },
      body: new URLSearchParams({
        prompt: field.value,
        target_model: field.dataset.model ?? field.form.elements.target_model?.value ?? "",
      }),
      signal: running.signal,
    });
    if (!response.ok) throw new Error(String(response.status));
    const answer = await response.json();
    if (answer.problems.length) showProblems(answer.problems);
    else showVariables(answer);
    output.hidden = false;
  } catch (error) {
    // Saving checks the same; a preview that fails is merely absent.
    if (error.name !== "AbortError") output.hidden = true;
  }
}

if (field && output) {
  let timer = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(preview, PAUSE);
  });
  // After a refusal the mistakes stand beside the field already.
  if (!field.closest(".field--invalid")) preview();
}
