// Live preview of an owned prompt, copying it, and taking over a sample's values.
import { fill } from "./fill.js";

const template = JSON.parse(document.getElementById("template-data").textContent);
const form = document.querySelector("[data-fill]");
const preview = document.querySelector("[data-preview]");
const copy = document.querySelector("[data-copy]");
const status = document.querySelector("[data-status]");
const inputs = template.variables.map((variable) => form.elements[variable.field]);
const touched = new Set();
let text = null;

function update() {
  const result = fill(template, inputs.map((input) => input.value));
  text = result.text;
  copy.disabled = text === null;
  status.textContent = text === null ? "Fill in the marked parts to complete it." : "";
  preview.replaceChildren(...result.pieces.map(node));
  result.outcomes.forEach(showProblem);
}

function node(piece) {
  if (!("slot" in piece)) return document.createTextNode(piece.text);
  const span = document.createElement("span");
  span.className = piece.missing ? "variable variable--missing" : "variable";
  span.textContent = piece.text;
  return span;
}

function showProblem(outcome, i) {
  const field = inputs[i].closest("[data-field]");
  const line = field.querySelector("[data-error]");
  // An empty field is not a mistake before anyone has been there.
  const shown = outcome.error && (touched.has(i) || !outcome.blank) ? outcome.error : "";
  field.classList.toggle("field--invalid", Boolean(shown));
  inputs[i].toggleAttribute("aria-invalid", Boolean(shown));
  line.hidden = !shown;
  line.querySelector("span").textContent = shown;
}

async function copyText() {
  try {
    await navigator.clipboard.writeText(text);
    status.textContent = "Copied.";
  } catch {
    // Without permission (or https) the browser refuses; a selection is one key press away.
    getSelection().selectAllChildren(preview);
    status.textContent = "Your browser did not allow copying. The text is selected: press Ctrl+C or ⌘C.";
  }
}

function takeOver(values) {
  template.variables.forEach((variable, i) => {
    if (variable.name in values) inputs[i].value = values[variable.name];
  });
  update();
  document.getElementById("result").scrollIntoView({ block: "nearest" });
  status.textContent = "The sample’s values are filled in.";
}

inputs.forEach((input, i) => input.addEventListener("blur", () => { touched.add(i); update(); }));
form.addEventListener("input", update);
form.addEventListener("reset", () => setTimeout(() => { touched.clear(); update(); }));
form.addEventListener("submit", (event) => event.preventDefault());
copy.addEventListener("click", copyText);
copy.hidden = false;
document.querySelector("[data-no-script]")?.setAttribute("hidden", "");
for (const button of document.querySelectorAll("[data-values]")) {
  button.hidden = false;
  button.addEventListener("click", () => takeOver(JSON.parse(button.dataset.values)));
}
update();
