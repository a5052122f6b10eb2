// The token comes in the address's fragment, which no server sees. Opening the page changes nothing; only the button does,
// so a mail program that looks at links uses none up.
const form = document.getElementById("objection");
const input = document.getElementById("token");
const answer = document.getElementById("answer");
const button = form.querySelector("button");

input.value = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
history.replaceState(null, "", location.pathname);

const words = {
  taken: "异议已提交。 · Your objection has been taken.",
  gone: "异议码无效、已使用或已过期。 · This code is not valid, was used, or its time is over.",
  later: "暂时无法提交，请稍后再试。 · This cannot be taken right now; please try again later.",
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  let said = words.later;
  try {
    const response = await fetch("/v1/identity-clearings/objections", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: input.value.trim() }),
    });
    if (response.ok) said = words.taken;
    else if (response.status === 404 || response.status === 422) said = words.gone;
  } catch {
    // no connection: later
  }
  answer.textContent = said;
  button.disabled = said !== words.later;
});
