// Looks at pages in a real browser, as a phone, in the dark and without scripts, and says what is wrong with them.
// usage: node look.mjs BROWSER FILE     FILE: JSON {"pages": [{"url", "holds": ["text", …]}], "pictures": {"url": "file"}}
// Prints a JSON list of complaints; exits 0 when it looked, whatever it saw.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const RULES = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
const SIZES = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const complaints = [];

// What a page does that it should not: says something on the console, fails, or asks beyond this machine.
function watch(page, complain) {
  page.on('console', (message) => complain(`console: ${message.text()}`));
  page.on('pageerror', (error) => complain(`error: ${error.message}`));
  page.on('dialog', async (dialog) => { complain(`dialog: ${dialog.message()}`); await dialog.dismiss(); });
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol !== 'data:' && hostname !== '127.0.0.1') complain(`asks ${hostname}`);
  });
}

// Runs in the page.
function measured() {
  const root = document.documentElement;
  return {
    text: document.body.innerText.replace(/\s+/g, ' '),
    overflow: root.scrollWidth - root.clientWidth,
    scripts: document.querySelectorAll('script, [onclick], [onerror], [onload], [style], iframe, object').length,
  };
}

async function look(browser, { url, holds }, scripts, scheme, size) {
  const complain = (what) => complaints.push({ url, scripts, scheme, size, what });
  const context = await browser.newContext({ javaScriptEnabled: scripts, colorScheme: scheme, viewport: SIZES[size] });
  try {
    const page = await context.newPage();
    watch(page, complain);
    await page.goto(url);
    const { text, overflow, scripts: found } = await page.evaluate(measured);
    if (overflow > 0) complain(`is ${overflow} pixels too wide`);
    if (found > 0) complain(`${found} elements that may run or bring their own style`);
    for (const wanted of holds.filter((each) => !text.includes(each))) complain(`lacks "${wanted}"`);
    if (!scripts) return;
    await page.evaluate(axe);
    const { violations } = await page.evaluate((rules) => globalThis.axe.run(rules), RULES);
    for (const { id, help, nodes } of violations) complain(`axe ${id}: ${help}: ${nodes[0].html.slice(0, 200)}`);
  } finally {
    await context.close();
  }
}

async function draw(browser, url, file) {
  const context = await browser.newContext({ viewport: { width: 1080, height: 860 } });
  const page = await context.newPage();
  await page.goto(url);
  await page.screenshot({ path: file });
  await context.close();
}

const [browserPath, file] = process.argv.slice(2);
const { pages, pictures } = JSON.parse(await readFile(file, 'utf8'));
const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'] });
try {
  for (const page of pages) {
    for (const [scripts, scheme, size] of [
      [false, 'light', 'phone'], [true, 'light', 'wide'], [true, 'dark', 'wide'], [true, 'dark', 'phone'],
    ]) await look(browser, page, scripts, scheme, size);
  }
  for (const [url, path] of Object.entries(pictures ?? {})) await draw(browser, url, path);
} finally {
  await browser.close();
}
console.log(JSON.stringify(complaints, null, 1));
