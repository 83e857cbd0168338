import { mkdirSync, readFileSync, accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Kept for people to look at; git does not. */
export const ARTEFACTS = join(ROOT, 'artefacts', 'console');

/** Offline: a browser of its own that asks nobody for updates, lists or settings. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @throws {Error} where there is no browser; `npm test` installs one where it can. */
export async function startBrowser(): Promise<Browser> {
  mkdirSync(ARTEFACTS, { recursive: true });
  return chromium.launch({ executablePath: browserPath(), args: FLAGS });
}

function browserPath(): string {
  const names = JSON.parse(readFileSync(join(ROOT, 'scripts/lib/browsers.json'), 'utf8')) as string[];
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = names.flatMap((name) =>
    isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name)),
  );
  const found = paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`none of ${names.join(', ')} is installed`);
  return found;
}

/** A page and all that it said, asked for and was told. */
export class WatchedPage {
  /** URLs of every request. */
  readonly requests: string[] = [];
  /** Errors of scripts, refusals of the Content-Security-Policy, and whatever else the browser complains of. */
  readonly complaints: string[] = [];
  /** Bodies of every answer, and headers and URLs: for who looks for secrets. */
  readonly heard: string[] = [];
  readonly #bodies: Promise<void>[] = [];

  private constructor(readonly page: Page) {
    page.on('request', (request) => this.requests.push(request.url()));
    page.on('pageerror', (error) => this.complaints.push(String(error.stack)));
    page.on('console', (message) => {
      // That an answer is an error is expected where the tests make it one; the browser says so each time.
      const isStatus = message.text().startsWith('Failed to load resource: the server responded');
      if (['error', 'warning'].includes(message.type()) && !isStatus) this.complaints.push(message.text());
    });
    page.on('response', (response) => {
      const body = response.text().then(
        (text) => void this.heard.push(`${response.url()} ${JSON.stringify(response.headers())} ${text}`),
        () => undefined,
      );
      this.#bodies.push(body);
    });
  }

  static async open(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 860 },
      locale: 'en-GB',
      ...options,
    });
    context.setDefaultTimeout(10_000);
    return new WatchedPage(await context.newPage());
  }

  async shot(name: string): Promise<void> {
    await this.page.screenshot({ path: join(ARTEFACTS, `${name}.png`), animations: 'disabled' });
  }

  /** All that came over the network so far, and all that the page holds. */
  async everything(): Promise<string> {
    await Promise.all(this.#bodies);
    return [...this.heard, ...this.requests, await this.page.content()].join('\n');
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
