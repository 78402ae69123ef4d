// The page's words: every language has the same ones, and the page speaks the reader's.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { browser, dropFiles, eicar, rowOf, server, shot, usePage, withServerAndBrowser } from "./harness.mjs";

const web = resolve(dirname(fileURLToPath(import.meta.url)), "../../../web");
const tags = ["en", "es", "pt"];
const words = Object.fromEntries(await Promise.all(tags.map(async (tag) =>
  [tag, (await import(pathToFileURL(join(web, `words_${tag}.js`)))).words])));

const namesIn = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
const formsOf = (entry) => (typeof entry === "string" ? { other: entry } : entry);

test("EveryLanguageHasTheSameWordsAndPlaceholders", () => {
  for (const tag of tags) {
    assert.deepEqual(Object.keys(words[tag]), Object.keys(words.en), tag);
    for (const [key, entry] of Object.entries(words[tag])) {
      const [forms, english] = [formsOf(entry), formsOf(words.en[key])];
      assert.deepEqual(Object.keys(forms), Object.keys(english), `${tag} ${key}`);
      for (const form of Object.keys(forms)) {
        assert.ok(forms[form], `${tag} ${key}`);
        assert.deepEqual(namesIn(forms[form]), namesIn(english[form]), `${tag} ${key}`);
      }
    }
  }
});

test("EveryWordIsUsedAndEveryUsedWordIsThere", () => {
  const sources = readdirSync(web).filter((name) => /\.(js|html)$/.test(name) && !name.startsWith("words_"))
    .map((name) => readFileSync(join(web, name), "utf8")).join("\n");
  const composed = /^(step_|(offline|busy)Retry|clean$|infected$|unscannable$)/; // made of a name of the server's
  for (const key of Object.keys(words.en))
    assert.ok(composed.test(key) || sources.includes(`"${key}"`), `${key} is not used`);
  for (const [, key] of sources.matchAll(/\bt\("(\w+)"/g)) assert.ok(key in words.en, `${key} is missing`);
  for (const [, key] of sources.matchAll(/data-t="(\w+)"/g)) assert.ok(key in words.en, `${key} is missing`);
});

withServerAndBrowser();

test("ThePageSpeaksTheBrowsersLanguageUntilAnotherIsChosen", () =>
  usePage(browser, server, { project: "words", locale: "es-PE" }, async (page) => {
    await page.getByText("Suelte aquí fotos, archivos o carpetas").waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "es");
    await page.getByLabel("Idioma").first().selectOption("pt");
    await page.getByText("Solte aqui fotos, arquivos ou pastas").waitFor();
    await page.reload();
    await page.getByText("Solte aqui fotos, arquivos ou pastas").waitFor();
    await page.getByRole("tab", { name: "Tarefas" }).click();
    await page.getByText("Ainda não há tarefas.").waitFor();
  }));

test("ReasonsAreInTheLanguageOfThePage", () =>
  usePage(browser, server, { project: "reasons", locale: "es-PE" }, async (page) => {
    await dropFiles(page, [
      { name: "virus.txt", type: "text/plain", bytes: eicar() },
      { name: "nada.txt", type: "text/plain", bytes: Buffer.alloc(0) },
    ]);
    await rowOf(page, "nada.txt").getByText("Este archivo está vacío.").waitFor();
    // By the stream, whose address names the language, and then by the list.
    await rowOf(page, "virus.txt").getByText("Se encontró un virus en el archivo").waitFor();
    await page.reload();
    await rowOf(page, "virus.txt").getByText("Se encontró un virus en el archivo").waitFor();
    await rowOf(page, "virus.txt").click();
    await page.locator(".drawer").getByText("Qué ha pasado").waitFor();
    await shot(page, "desktop-spanish");
  }));
