"use strict";

// Asks for inbox and ledger every second and redraws only what changed, so that an opened mail stays open. Everything
// received is put in as text; a mail's HTML goes into a frame that may not run scripts.

const byId = (id) => document.getElementById(id);
const shown = { inbox: [], ledger: "" };

function element(tag, text, className) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

function clock(at) {
  const e = element("time", new Date(at).toLocaleString());
  e.dateTime = at;
  return e;
}

function messageCard(m) {
  const card = element("article", undefined, m.channel === "sms" ? "sms" : "email");
  const head = element("header");
  head.append(element("b", m.channel === "sms" ? "SMS 短信" : "E-mail 邮件"), element("span", m.to), clock(m.at));
  card.append(head);
  if (m.subject) card.append(element("h3", m.subject));
  if (m.text) card.append(element("pre", m.text));
  if (m.html) card.append(htmlView(m.html));
  return card;
}

// The frame is filled when it is opened first.
function htmlView(html) {
  const details = element("details");
  details.append(element("summary", "HTML"));
  details.addEventListener("toggle", () => {
    if (details.querySelector("iframe")) return;
    const frame = element("iframe");
    frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
    frame.srcdoc = '<base target="_blank">' + html;
    details.append(frame);
  }, { once: true });
  return details;
}

function drawInbox(messages) {
  const now = messages.map((m) => JSON.stringify(m));
  const box = byId("inbox");
  const known = shown.inbox.length > 0 ? now.indexOf(shown.inbox[0]) : -1;
  // Another filter, or too much news at once: then what is shown is not the tail of what came.
  const grown = known >= 0 && now.slice(known).every((m, i) => m === shown.inbox[i]);
  if (!grown) {
    box.replaceChildren(...messages.map(messageCard));
  } else {
    box.prepend(...messages.slice(0, known).map(messageCard));
    while (box.children.length > messages.length) box.lastElementChild.remove();
  }
  if (messages.length === 0) box.replaceChildren(element("p", "No message yet 暂无消息", "empty"));
  byId("inbox-count").textContent = messages.length;
  shown.inbox = now;
}

function drawLedger(entries) {
  const now = JSON.stringify(entries);
  if (now === shown.ledger) return;
  shown.ledger = now;
  byId("ledger").replaceChildren(...entries.reverse().slice(0, 200).map((e) => {
    const row = element("tr");
    const at = element("td");
    at.append(clock(e.at));
    row.append(at, ...[e.amount, e.state, e.presented, e.key].map((text) => element("td", text)));
    return row;
  }));
  byId("ledger-count").textContent = entries.length;
}

async function get(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error("status " + answer.status);
  return answer.json();
}

async function refresh() {
  try {
    const to = byId("to").value.trim();
    const [messages, entries] = await Promise.all([
      get("inbox?limit=200&to=" + encodeURIComponent(to)), get("bank/ledger"),
    ]);
    drawInbox(messages);
    drawLedger(entries);
    byId("health").textContent = "";
  } catch (e) {
    byId("health").textContent = "The sandbox does not answer; trying again. 沙盒无响应,正在重试。";
  }
  setTimeout(refresh, 1000);
}

refresh();
