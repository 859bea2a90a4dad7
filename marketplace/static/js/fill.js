// Filling a template in the browser: the same rules as marketplace/prompts: filling,
// values and kinds.
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

/** A number's text in ten-thousandths, exact, or null. */
function scaled(text) {
  const match = /^([+-]?)([0-9]{1,9})(?:[.,]([0-9]{1,4}))?$/.exec(text);
  if (!match) return null;
  const amount = BigInt(match[2] + (match[3] ?? "").padEnd(4, "0"));
  return match[1] === "-" ? -amount : amount;
}

/** Ten-thousandths as text, without needless noughts. */
function unscaled(number) {
  const digits = String(number < 0n ? -number : number).padStart(5, "0");
  const decimals = digits.slice(-4).replace(/0+$/, "");
  const text = digits.slice(0, -4) + (decimals ? `.${decimals}` : "");
  return number < 0n ? `-${text}` : text;
}

function spelledNumber(variable, value) {
  const { messages } = variable;
  const number = scaled(value);
  if (number === null) return { error: messages.not_a_number };
  const [low, high, step] = [variable.low, variable.high, variable.step].map((limit) =>
    limit === null ? null : scaled(limit),
  );
  if ((low !== null && number < low) || (high !== null && number > high)) {
    return { error: messages.out_of_range };
  }
  const text = unscaled(number);
  if ((text.split(".")[1] ?? "").length > variable.decimals) return { error: messages.too_fine };
  if (step !== null && (number - (low ?? 0n)) % step !== 0n) return { error: messages.not_a_step };
  return { value: text };
}

function spelledColour({ words, messages }, value) {
  const lowered = value.toLowerCase();
  if (lowered.startsWith("#")) {
    if (!/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/.test(lowered)) return { error: messages.not_a_code };
    return { value: lowered.length === 7 ? lowered : lowered.replace(/[0-9a-f]/g, "$&$&") };
  }
  const shaped = /^\p{L}+(?:[ '-]\p{L}+){0,3}$/u.test(value);
  const named = (lowered.match(/[a-z]+/g) ?? []).some((word) => words.includes(word));
  return shaped && named ? { value } : { error: messages.not_a_colour };
}

function spelledAspect({ messages }, value) {
  const match = /^([0-9]{1,5})\s*[:x×/]\s*([0-9]{1,5})$/.exec(value);
  const [wide, high] = match ? [Number(match[1]), Number(match[2])] : [0, 0];
  if (!wide || !high) return { error: messages.not_an_aspect };
  if (Math.max(wide, high) > 10 * Math.min(wide, high)) return { error: messages.out_of_range };
  const common = (a, b) => (b ? common(b, a % b) : a);
  return { value: `${wide / common(wide, high)}:${high / common(wide, high)}` };
}

const KINDS = { number: spelledNumber, colour: spelledColour, aspect: spelledAspect };

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
  const tooLong = variable.longest === undefined ? null : valueProblem(value, variable.longest);
  if (tooLong) return { error: tooLong };
  const spelled = variable.kind ? KINDS[variable.kind](variable, value) : { value };
  if (spelled.error) return spelled;
  if (variable.choices.length && !variable.choices.includes(spelled.value)) {
    return { error: `Choose one of: ${variable.choices.join(", ")}.` };
  }
  return spelled;
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
