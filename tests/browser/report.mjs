// Opens reports in Chromium: in both themes, on a phone, on a wide screen and on paper.
//
//   node report.mjs CHROMIUM REPORT…                  checks the reports
//   node report.mjs CHROMIUM --pictures FOLDER REPORT  writes pictures of one into a folder
//
// A page must not log anything, not send any request, not run any script, not be wider than its window, and have no serious
// fault in the eyes of axe.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

const THEMES = ['light', 'dark'];
const WIDTHS = { phone: 390, wide: 1280 };
const HEIGHT = 900;

const [program, ...rest] = process.argv.slice(2);
// Only files that this run has made are opened, and containers often have no room for the browser's own sandbox.
const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'], timeout: 0 });
try {
  if (rest[0] === '--pictures') {
    await takePictures(rest[1], rest[2]);
  } else {
    const faults = [];
    for (const report of rest) {
      for (const theme of THEMES) {
        for (const [name, width] of Object.entries(WIDTHS)) {
          const where = `${report}, ${theme}, ${name}`;
          faults.push(...(await faultsOf(report, theme, width)).map((fault) => `${where}: ${fault}`));
        }
      }
    }
    faults.forEach((fault) => console.error(fault));
    if (faults.length > 0) {
      process.exitCode = 1;
    } else {
      console.log(`${rest.length} reports look well in ${THEMES.length} themes and ${Object.keys(WIDTHS).length} widths`);
    }
  }
} finally {
  await browser.close();
}

/** A page without limits on time: how fast the machine is decides nothing. */
async function open(options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(0);
  return context.newPage();
}

function address(report) {
  return pathToFileURL(resolve(report)).href;
}

async function faultsOf(report, theme, width) {
  return [...(await faultsAsOpened(report, theme, width)), ...(await faultsOfAccess(report, theme, width))];
}

/** The page as a person opens it, with its own content security policy. */
async function faultsAsOpened(report, theme, width) {
  const page = await open({ colorScheme: theme, viewport: { width, height: HEIGHT } });
  const faults = [];
  page.on('console', (message) => faults.push(`logs ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`fails: ${error}`));
  page.on('dialog', (dialog) => faults.push(`opens a dialog: ${dialog.message()}`) && dialog.dismiss());
  page.on('request', (request) => request.url() !== address(report) && faults.push(`requests ${request.url()}`));
  await page.goto(address(report));
  for (const media of ['screen', 'print']) {
    await page.emulateMedia({ media });
    // As the sheets of A4 that a printer takes, less their margins.
    if (media === 'print') await page.setViewportSize({ width: 680, height: HEIGHT });
    const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (excess > 0) faults.push(`is ${excess} pixels wider than the ${media}`);
  }
  const scripts = await page.locator('script, iframe, img, object, embed, link').count();
  if (scripts > 0) faults.push(`has ${scripts} elements that run or load something`);
  await page.context().close();
  return faults;
}

/** What axe finds, with all tables unfolded. Its own script needs the page's policy out of the way. */
async function faultsOfAccess(report, theme, width) {
  const page = await open({ bypassCSP: true, colorScheme: theme, viewport: { width, height: HEIGHT } });
  await page.goto(address(report));
  await page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
  await page.context().close();
  const serious = found.violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  return serious.map(({ id, help, nodes }) => `${id}: ${help}, ${nodes.length} times, as in ${nodes[0].html.slice(0, 200)}`);
}

async function takePictures(folder, report) {
  for (const [theme, name, height] of [['light', 'wide', 1000], ['dark', 'wide', 1000], ['light', 'phone', 844], ['dark', 'phone', 844]]) {
    const page = await open({ colorScheme: theme, viewport: { width: WIDTHS[name], height } });
    await page.goto(address(report));
    await page.screenshot({ path: `${folder}/report-${theme}-${name}.png` });
    await page.context().close();
  }
}
