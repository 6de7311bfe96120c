/** A later version takes the place of an earlier one, whole: it, too, works without a network. */

import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { launch, open, phone, serve } from "./phone";

/** Makes another version of the page out of a build: its files have other names. */
function update(folder: string): void {
  const assets = readdirSync(join(folder, "assets"));
  const renamed = (name: string) => name.replace(/-([\w-]{8})\.(js|gz)$/, "-updated1.$2");
  for (const file of ["index.html", "sw.js", ...assets.map((name) => `assets/${name}`)]) {
    if (!/\.(html|js)$/.test(file)) continue;
    let text = readFileSync(join(folder, file), "utf8");
    for (const name of assets) text = text.replaceAll(name, renamed(name));
    text = text.replace(/"version":"\w+"/, '"version":"updated"');
    writeFileSync(join(folder, file), text);
  }
  for (const name of assets) {
    renameSync(join(folder, "assets", name), join(folder, "assets", renamed(name)));
  }
}

test("after an update the page works without a network", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dist-"));
  cpSync("dist", folder, { recursive: true });
  const site = await serve(undefined, folder);
  const browser = await launch();
  const context = await phone(browser);
  const page = await open(context, site.url);
  await page.evaluate(() => navigator.serviceWorker.ready);
  update(folder);
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update(); // browsers look for one soon after a page is opened
    while (registration.waiting === null) await new Promise((resume) => setTimeout(resume, 50));
  });
  // It takes over when no page of the earlier one is open, which takes a moment.
  const later = await context.newPage();
  await page.close();
  const opened = async () => {
    await later.goto("about:blank");
    await later.goto(site.url);
    return later.locator("script[src*=updated]").count();
  };
  await expect.poll(opened, { interval: 1000 }).toBe(1);
  await later.locator("#listen:enabled").waitFor({ timeout: 60_000 });
  await context.setOffline(true);
  await site.close();
  await later.reload();
  await later.locator("#listen:enabled").waitFor({ timeout: 60_000 });
  await later.goto(`${site.url}index.html?from=elsewhere`);
  await later.locator("#listen:enabled").waitFor({ timeout: 60_000 });
  const large = await later.evaluate(async () => {
    const names = (await caches.keys()).filter((name) => name.startsWith("amt-large"));
    const kept = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return kept.flat().map(({ url }) => url);
  });
  expect(large.length).toBe(2);
  for (const url of large) expect(url).toMatch(/updated/);
  await browser.close();
}, 240_000);
