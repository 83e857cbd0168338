export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Results against targets: each a line with the number, its bound and the verdict. */
export class Report {
  #rows = [];

  /** Without `atLeast` and `atMost` the number is only shown. `isUndecided`: the measurement was disturbed. */
  add(what, value, { atLeast, atMost, unit = '', digits = 2, note = '', isUndecided = false } = {}) {
    const ok =
      Number.isFinite(value) &&
      (atLeast === undefined || value >= atLeast) &&
      (atMost === undefined || value <= atMost);
    const target = atLeast !== undefined ? `>= ${atLeast}` : atMost !== undefined ? `<= ${atMost}` : '';
    const row = {
      what,
      value: `${value.toFixed(digits)}${unit === '' ? '' : ` ${unit}`}`,
      target: target === '' || unit === '' ? target : `${target} ${unit}`,
      verdict: target === '' ? '' : isUndecided ? 'BUSY' : ok ? 'PASS' : 'FAIL',
      note,
    };
    this.#rows.push(row);
    return row;
  }

  get failed() {
    return this.#rows.some(({ verdict }) => verdict === 'FAIL');
  }

  print(stream = process.stdout) {
    const columns = ['what', 'value', 'target', 'verdict', 'note'];
    const width = Object.fromEntries(
      columns.map((name) => [name, Math.max(name.length, ...this.#rows.map((row) => row[name].length))]),
    );
    const line = (row) => `| ${columns.map((name) => row[name].padEnd(width[name])).join(' | ')} |\n`;
    stream.write(line(Object.fromEntries(columns.map((name) => [name, name]))));
    stream.write(`|${columns.map((name) => '-'.repeat(width[name] + 2)).join('|')}|\n`);
    for (const row of this.#rows) stream.write(line(row));
  }
}

/** Progress, on standard error, so that standard output is the table alone. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** A server under a closed loop that gets far less than its core shares it with something else. */
function shareOfCore({ serverCpuMicroseconds, requestsPerSecond }) {
  return ((serverCpuMicroseconds * requestsPerSecond) / 1e4).toFixed(0);
}

export function sayLoad(name, result) {
  const cpu = result.serverCpuMicroseconds;
  say(
    `  ${name.padEnd(24)} ${result.requestsPerSecond.toFixed(0).padStart(6)} req/s   ` +
      `p50 ${result.p50.toFixed(2)}  p99 ${result.p99.toFixed(2)}  p99.9 ${result.p999.toFixed(2)}  max ${result.max.toFixed(1)} ms` +
      `${cpu === undefined ? '' : `   server ${cpu.toFixed(1)} µs CPU/request, ${shareOfCore(result)} % of a core`}   generator ${(result.generatorBusy * 100).toFixed(0)} % busy`,
  );
  if (result.failures > 0)
    throw new Error(`${name}: ${result.failures} failures, the first: ${result.firstFailure}`);
}
