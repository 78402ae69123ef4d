// What the page says, in the reader's language. Each language is a module of the same keys; a text may
// have {names} to fill in, and one form for each plural of `count`.

import { words as en } from "./words_en.js";
import { words as es } from "./words_es.js";
import { words as pt } from "./words_pt.js";

const kept = "hoist.language";
const all = { en, es, pt };

export const languages = { en: "English", es: "Español", pt: "Português" };

// The one chosen here before, else the first of the browser's that there is.
function find() {
  const wanted = [localStorage.getItem(kept), ...navigator.languages];
  return wanted.map((tag) => (tag || "").slice(0, 2).toLowerCase()).find((tag) => tag in all) || "en";
}

export const language = find();
// The browser's own form of it, such as de-CH numbers in an English page, where that is the same language.
export const locale = navigator.languages.find((tag) => tag.toLowerCase().startsWith(language)) || language;

const plurals = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(locale);

export function number(value) {
  return numbers.format(value);
}

export function t(key, values = {}) {
  const entry = all[language][key];
  const text = typeof entry === "string" ? entry : entry[plurals.select(values.count)] ?? entry.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : values[name]));
}

// Other views are drawn already, so the page begins anew.
export function choose(tag) {
  localStorage.setItem(kept, tag);
  location.reload();
}

// Texts of the document itself: those of the elements that name one.
export function fillDocument() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
}
