import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChartInput } from './render.js';

const SOURCE = fileURLToPath(new URL('./oracle/main.go', import.meta.url));
/** Where Debian's packages of Go libraries are. */
const LIBRARIES = '/usr/share/gocode';

/** Go's own template engine with sprig, compiled; `undefined` where Go or sprig is not installed. */
export class GoOracle {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hub-oracle-'));
  readonly #program = join(this.#folder, 'oracle');

  static compile(): GoOracle | undefined {
    if (!existsSync(`${LIBRARIES}/src/github.com/Masterminds/sprig`)) return undefined;
    const oracle = new GoOracle();
    const { status, stderr } = spawnSync('go', ['build', '-o', oracle.#program, SOURCE], {
      env: { ...process.env, GO111MODULE: 'off', GOPATH: LIBRARIES, GOCACHE: join(tmpdir(), 'hub-go-cache') },
      encoding: 'utf8',
    });
    if (status === null) return undefined;
    if (status !== 0) throw new Error(stderr);
    return oracle;
  }

  /** @throws {Error} with what Go says. */
  render(input: ChartInput): Record<string, string> {
    const { stdout } = spawnSync(this.#program, { input: JSON.stringify(input), encoding: 'utf8' });
    const rendered = JSON.parse(stdout) as Record<string, string>;
    if (rendered.error !== undefined) throw new Error(rendered.error);
    return rendered;
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
