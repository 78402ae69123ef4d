// The page of an upload ticket, as a crew without accounts opens it from a QR code.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { api, eicar, png, startBrowser, startServer } from "./harness.mjs";

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const makeTicket = async () => (await api(server, "POST", "/upload-tickets", {
  name: "Cuadrilla 7", project_id: "site-a", files_max: 3, bytes_max: 1_000_000, lifetime_s: 600,
})).body;

async function withPage(address, body) {
  const context = await browser.newContext({ locale: "es-PE", viewport: { width: 390, height: 800 } });
  const page = await context.newPage();
  const asked = [];
  page.on("request", (request) => asked.push(request));
  try {
    await page.goto(server.api + address);
    await body(page, asked);
  } finally {
    await context.close();
  }
}

test("ACrewSendsPhotosByTheLinkAndIsToldInItsLanguageHowTheyFare", async () => {
  const { page: address, secret } = await makeTicket();
  await withPage(address, async (page, asked) => {
    await page.getByRole("heading", { name: "Cuadrilla 7" }).waitFor();
    await page.getByText("Con este enlace se pueden enviar 3 archivos.").waitFor();
    await page.locator("#files").setInputFiles([
      { name: "muro.png", mimeType: "image/png", buffer: Buffer.from(png()) },
      { name: "virus.txt", mimeType: "text/plain", buffer: Buffer.from(eicar()) },
    ]);
    await page.locator("li", { hasText: "muro.png" }).getByText("listo").waitFor();
    await page.locator("li", { hasText: "virus.txt" }).getByText("Se encontró un virus").waitFor();
    await page.getByText("Con este enlace se puede enviar 1 archivo.").waitFor();
    for (const request of asked) {
      assert.ok(!(request.headers().referer || "").includes(secret), "the ticket is told to no other server");
      if (!request.url().startsWith(server.api)) assert.ok(!request.url().includes(secret));
    }
  });
});

test("ALinkThatWasRevokedSaysSo", async () => {
  const { page: address, ticket } = await makeTicket();
  await api(server, "DELETE", `/upload-tickets/${ticket.id}`);
  await withPage(address, async (page) => {
    await page.getByRole("alert").getByText("Este enlace no es válido o ya no lo es.").waitFor();
    assert.equal(await page.locator("#files").isVisible(), false);
  });
});
