// Spaces in card numbers and a slash in expiry dates, and no second press while paying.
// The page works the same without this script.
const number = document.getElementById("number");
const expiry = document.getElementById("exp");

number?.addEventListener("input", () => {
  const digits = number.value.replace(/\D/g, "").slice(0, 19);
  number.value = digits.replace(/(\d{4})(?=\d)/g, "$1 ");
});

expiry?.addEventListener("input", (event) => {
  const digits = expiry.value.replace(/\D/g, "").slice(0, 4);
  const deleting = event.inputType?.startsWith("delete");
  expiry.value = digits.length > 2 || (digits.length === 2 && !deleting)
    ? `${digits.slice(0, 2)} / ${digits.slice(2)}`
    : digits;
});

const form = document.querySelector("form");
let sent = false;
form?.addEventListener("submit", (event) => {
  if (sent) {
    event.preventDefault();
    return;
  }
  sent = true;
  event.submitter?.classList.add("busy");
});
// Coming back with the browser's back button shows the page as it was left.
addEventListener("pageshow", () => {
  sent = false;
  document.querySelectorAll(".busy").forEach((button) => button.classList.remove("busy"));
});
