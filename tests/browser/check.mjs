// Look at pages in a real Chromium: node check.mjs CHROMIUM KIND=PAGE...; prints what is wrong, exits 1 if anything is.
// Kinds: page (all of it), print (page, and at most 8 sheets of A4), open (escaping taken out: nothing may run).
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const require = createRequire(join(process.env.PBL_BROWSER, "package.json"));
const puppeteer = (await import(pathToFileURL(require.resolve("puppeteer-core")).href)).default;
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [, , executablePath, ...pages] = process.argv;
const WIDTHS = [320, 390, 1280];
const SHEETS = 8;
const wrong = [];
let done = 0;

const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
for (const each of pages) {
  const [kind, file] = [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)];
  const url = pathToFileURL(file).href;
  const name = file.split("/").at(-1);
  const say = (what) => wrong.push(`${name}: ${what}`);
  const open = async ({ script = true } = {}) => {
    const page = await browser.newPage();
    await page.setJavaScriptEnabled(script);
    page.on("dialog", async (dialog) => { say(`a script ran: ${dialog.message()}`); await dialog.dismiss(); });
    if (kind === "open") {
      page.on("response", (answer) => { if (answer.url() !== url && !answer.url().startsWith("data:")) say(`loaded ${answer.url()}`); });
    } else {
      page.on("request", (asked) => { if (asked.url() !== url && !asked.url().startsWith("data:")) say(`asked for ${asked.url()}`); });
      page.on("console", (message) => say(`console: ${message.text()}`));
      page.on("pageerror", (error) => say(`error: ${error.message}`));
    }
    return page;
  };

  const page = await open();
  if (kind === "open") {
    await page.goto(url);
    await new Promise((wait) => setTimeout(wait, 500));
    done += 1;
    await page.close();
    continue;
  }
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    for (const width of WIDTHS) {
      await page.setViewport({ width, height: 900 });
      await page.goto(url);
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 0) say(`${width} px ${scheme}: scrolls sideways by ${wide} px`);
      await page.evaluate(axe);
      const found = await page.evaluate(async () => (await globalThis.axe.run()).violations);
      for (const one of found) say(`${width} px ${scheme}: axe ${one.id}: ${one.help} (${one.nodes.length}, ${one.nodes[0].html.slice(0, 160)})`);
      done += 2;
    }
  }
  const attributes = await page.evaluate(() => [...document.querySelectorAll("*")].flatMap((one) => one.getAttributeNames()).filter((one) => one.startsWith("on")));
  if (attributes.length) say(`has ${attributes.join(", ")}`);
  const shown = await page.evaluate(() => document.body.textContent.replace(/\s+/g, " ").length);
  const sorts = await page.evaluate(() => {
    const head = document.querySelector("table.sortable th");
    head?.querySelector("button").click();
    return head ? head.getAttribute("aria-sort") : "ascending";
  });
  if (sorts !== "ascending") say("the table of runs doesn't sort");
  await page.close();

  const still = await open({ script: false });
  await still.setViewport({ width: 1280, height: 900 });
  await still.goto(url);
  const without = await still.evaluate(() => document.body.textContent.replace(/\s+/g, " ").length);
  if (without !== shown) say(`without scripts there are ${without} characters, not ${shown}`);
  const hidden = await still.evaluate(() => [...document.querySelectorAll("figure")].filter((one) => one.getBoundingClientRect().height < 40).length);
  if (hidden) say(`without scripts ${hidden} pictures have no height`);
  const grounds = [];
  for (const theme of ["light", "dark"]) {
    await still.click(`#theme-${theme}`);
    grounds.push(await still.evaluate(() => getComputedStyle(document.body).backgroundColor));
  }
  if (grounds[0] === grounds[1]) say("without scripts the switch of colours does nothing");
  await still.emulateMediaType("print");
  const closed = await still.evaluate(() => [...document.querySelectorAll("table")].filter((one) => one.getBoundingClientRect().height < 10).length);
  if (closed) say(`in print ${closed} tables are closed`);
  await still.emulateMediaType(null);
  const pdf = Buffer.from(await still.pdf({ format: "A4", preferCSSPageSize: true })).toString("latin1");
  const sheets = (pdf.match(/\/Type\s*\/Page[^s]/g) ?? []).length;
  if (kind === "print" && sheets > SHEETS) say(`prints on ${sheets} sheets, more than ${SHEETS}`);
  done += 6;
  await still.close();
}
await browser.close();
for (const each of wrong) console.log(each);
console.log(wrong.length ? `${wrong.length} wrong` : `${pages.length} pages, ${done} looks: nothing wrong`);
process.exit(wrong.length ? 1 : 0);
