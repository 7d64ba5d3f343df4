"use strict";
// Everything from the data is put on the page as text nodes and attributes, never as HTML.
(() => {
  const { frame, articles } = JSON.parse(document.getElementById("data").textContent);
  const NAMES = { missed: "missed", spurious: "spurious", too_long: "too long", too_short: "too short",
    shifted: "shifted", wrong_label: "wrong label", wrong_label_and_boundary: "wrong label and place" };
  const PAGE = 20;
  const form = document.getElementById("filters"), list = document.getElementById("list");
  const more = document.getElementById("more"), hits = document.getElementById("hits"), pair = document.getElementById("pair");
  let confusion = null, shown = [], drawn = 0;

  const make = (tag, className, ...children) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children);
    return element;
  };
  const colour = (label) => "l" + (label % 8);
  const label = (span) => span ? frame.labels[span[2]] : "";
  const count = (number) => number.toLocaleString("en");
  const f1 = ([gold, predicted, right]) => gold + predicted ? 2 * right / (gold + predicted) : 1;

  for (const [index, name] of frame.sources.entries()) {
    const option = make("option", "", name);
    option.value = String(index);
    form.elements.source.append(option);
  }
  for (const article of articles) {
    article.f1 = f1(article.c);
    article.wrong = article.m.filter(([kind]) => kind > 0).length;
    article.search = (article.id + "\n" + article.p.map(([, text]) => text).join("\n")).toLowerCase();
  }

  // Whether a match is what the filters ask for; without such filters every error is.
  function wanted([kind, gold, predicted]) {
    const { kind: k, label: l } = values;
    if (confusion) return label(gold) === confusion[0] && label(predicted) === confusion[1];
    if (l && label(gold) !== l && label(predicted) !== l) return false;
    if (k && k !== "*") return frame.kinds[kind] === k;
    return kind > 0 || (!k && Boolean(l));
  }
  let values = {};

  function refresh() {
    values = Object.fromEntries(new FormData(form));
    const text = (values.text || "").trim().toLowerCase();
    const byMatch = Boolean(values.kind || values.label || confusion);
    shown = articles.filter((a) =>
      (!text || a.search.includes(text)) && (!values.source || a.s === Number(values.source)) &&
      (!byMatch || a.m.some(wanted)) &&
      (!values.change || (values.change === "worse" ? a.d < 0 : a.d > 0)));
    const byId = (a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
    const orders = { errors: (a, b) => b.wrong - a.wrong || byId(a, b), f1: (a, b) => a.f1 - b.f1 || byId(a, b),
      gain: (a, b) => a.d - b.d || byId(a, b), id: byId };
    shown.sort(orders[values.order] || byId);
    hits.textContent = shown.length === articles.length ? count(articles.length) : count(shown.length) + " of " + count(articles.length);
    pair.hidden = !confusion;
    if (confusion) pair.textContent = (confusion[0] || "nothing") + " → " + (confusion[1] || "nothing") + "  ✕";
    list.replaceChildren();
    drawn = 0;
    draw();
    if (!shown.length) list.append(make("p", "empty", "No article fits the filters."));
  }

  function draw() {
    for (const article of shown.slice(drawn, drawn + PAGE)) {
      list.append(entry(article, drawn < 1));
      drawn += 1;
    }
    more.hidden = drawn >= shown.length;
    more.textContent = "Show more (" + count(shown.length - drawn) + " left)";
  }

  function entry(article, open) {
    const tally = new Map();
    for (const [kind] of article.m) if (kind > 0) tally.set(kind, (tally.get(kind) || 0) + 1);
    const chips = [...tally].sort(([a], [b]) => a - b).map(([kind, n]) => make("span", "err", n + " " + NAMES[frame.kinds[kind]]));
    const [gold, predicted, right] = article.c;
    const stat = make("span", "stat", "F1 " + article.f1.toFixed(3) + " · " + right + " of " + gold + " found, " + predicted + " predicted");
    if (article.d) stat.append(make("span", "change " + (article.d > 0 ? "up" : "down"), " " + (article.d > 0 ? "−" + article.d : "+" + -article.d) + " errors"));
    const details = make("details", "article", make("summary", "", make("span", "id", article.id), ...chips, stat));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) details.append(panes(article));
    });
    details.open = open;
    if (open) details.append(panes(article));
    return details;
  }

  // A row is a line, or some sentences of a long one.
  const ends = (character, next, length) =>
    character === "\n" || (length >= 60 && "。！？；!?;".includes(character) && !"。！？；!?;”」』）\n".includes(next));

  // The text in rows, gold on the left, predictions on the right; a row never ends inside a span.
  function panes(article) {
    const box = make("div", "panes");
    const heads = make("div", "row heads", make("div", "", "gold"), make("div", "", "predicted"));
    box.append(heads);
    const everything = values.whole === "on" || !article.wrong;
    let skipped = 0, last = 0;
    const flush = () => {
      if (skipped) box.append(make("div", "gap", "⋯ " + count(skipped) + " characters without errors"));
      skipped = 0;
    };
    for (const [first, text] of article.p) {
      const characters = Array.from(text);  // code points, as the offsets count
      skipped += first - last;
      last = first + characters.length;
      const spans = article.m.filter((m) => inside(m, first, last));
      let start = 0;
      for (let end = 1; end <= characters.length; end++) {
        const crosses = (s) => s && s[0] < first + end && s[1] > first + end;
        if (end < characters.length && (!ends(characters[end - 1], characters[end], end - start) || spans.some(([, g, p]) => crosses(g) || crosses(p)))) continue;
        const here = spans.filter((m) => inside(m, first + start, first + end));
        const wrong = here.some(([kind]) => kind > 0);
        if (characters.slice(start, end).join("").trim() || here.length) {
          if (wrong || everything || here.some(wanted)) {
            flush();
            const slice = { characters: characters.slice(start, end), first: first + start };
            const row = make("div", "row" + (wrong ? " bad2" : " same"), side(slice, here, 1), side(slice, here, 2));
            row.firstChild.dataset.side = "gold";
            row.lastChild.dataset.side = "predicted";
            box.append(row);
          } else skipped += end - start;
        }
        start = end;
      }
    }
    skipped += article.n - last;
    flush();
    return box;
  }

  const inside = ([, gold, predicted], first, last) => {
    const span = gold || predicted;
    return span[0] >= first && span[0] < last;
  };

  function side({ characters, first }, matches, which) {
    const cell = make("div");
    let at = 0;
    const marked = matches.filter((m) => m[which]).sort((a, b) => a[which][0] - b[which][0]);
    for (const match of marked) {
      const [start, end, type, score] = match[which];
      cell.append(characters.slice(at, start - first).join(""));
      const name = frame.labels[type], other = match[3 - which], kind = frame.kinds[match[0]];
      const mark = make("mark", colour(type) + (match[0] > 0 ? " wrong" : ""), characters.slice(start - first, end - first).join("").replace(/\n$/, ""));
      mark.append(make("span", "tag", name));
      let title = name + (score === undefined ? "" : " " + score.toFixed(3)) + (match[0] > 0 ? " · " + NAMES[kind] : " · right");
      if (match[0] > 0 && other) title += (which === 1 ? " · predicted " : " · gold ") + label(other);
      mark.title = title + " [" + start + ", " + end + ")";
      if ((values.kind || values.label || confusion) && !wanted(match)) mark.classList.add("dim");
      cell.append(mark);
      at = end - first;
    }
    cell.append(characters.slice(at).join("").replace(/\n$/, ""));
    return cell;
  }

  function jump() {
    refresh();
    document.getElementById("articles").scrollIntoView();
  }
  for (const button of document.querySelectorAll("[data-kind]"))
    button.addEventListener("click", () => {
      confusion = null;
      form.elements.kind.value = button.dataset.kind;
      form.elements.label.value = button.dataset.label || "";
      jump();
    });
  for (const button of document.querySelectorAll("[data-gold]"))
    button.addEventListener("click", () => {
      form.elements.kind.value = form.elements.label.value = "";
      confusion = [button.dataset.gold, button.dataset.predicted];
      jump();
    });
  pair.addEventListener("click", () => { confusion = null; refresh(); });
  form.addEventListener("input", refresh);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => { confusion = null; setTimeout(refresh); });
  more.addEventListener("click", draw);
  refresh();
})();
