// Filling a template in the browser: the same rules as marketplace/prompts/filling.py and values.py.
// `template` is library.presenters.client_template: {nodes, variables, maxLength}.

const CONTROL = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** The value in the form it is compared and used. */
const normalise = (value) => value.trim().normalize("NFC");

/** What is wrong with a normalised, non-empty value, or null. */
export function valueProblem(value, maxLength) {
  const length = [...value].length;
  if (length > maxLength) return `This has ${length} characters; use at most ${maxLength}.`;
  if (CONTROL.test(value)) {
    return "This holds a line break, a tab or another invisible control character; remove it.";
  }
  if (/[[\]]/.test(value)) return "Square brackets cannot be part of a value; remove them.";
  return null;
}

/** {value} or {error} for one variable; a blank value means the default. */
export function resolve(variable, raw, maxLength) {
  const value = normalise(raw ?? "");
  if (value === "") {
    return variable.default === null
      ? { error: "This has no default; please fill it in.", blank: true }
      : { value: variable.default };
  }
  const error = valueProblem(value, maxLength);
  if (error) return { error };
  if (variable.choices.length && !variable.choices.includes(value)) {
    return { error: `Choose one of: ${variable.choices.join(", ")}.` };
  }
  return { value };
}

/** Pieces of the final text, each {text, slot?, missing?}; and the text, or null while incomplete. */
export function fill(template, values) {
  const outcomes = template.variables.map((variable, i) =>
    resolve(variable, values[i], template.maxLength),
  );
  const pieces = template.nodes.map((node) => {
    if (!("slot" in node)) return { text: node.text };
    const { value, error } = outcomes[node.slot];
    return error
      ? { text: `[${template.variables[node.slot].name}]`, slot: node.slot, missing: true }
      : { text: value, slot: node.slot };
  });
  const complete = outcomes.every((outcome) => !outcome.error);
  return { outcomes, pieces, text: complete ? pieces.map((piece) => piece.text).join("") : null };
}
