/**
 * Mutations of the pure core, against its own unit tests alone: the suites of the whole hub would notice more, and take
 * days.
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'scripts/stryker.vitest.config.mjs', related: false },
  coverageAnalysis: 'perTest',
  mutate: ['src/core/**/*.ts', '!src/**/*.spec.ts'],
  // Tables of words and numbers, read once: a test of them would repeat them.
  ignoreStatic: true,
  ignorePatterns: ['bench', 'console', 'deploy', 'dist', 'docs', 'packages'],
  // Nothing is compiled: swc takes the types away.
  tsconfigFile: 'none',
  tempDirName: '.stryker-tmp',
  incremental: true,
  incrementalFile: '.stryker-tmp/incremental.json',
  concurrency: 1,
  // On a busy machine a test that is only slow is not to count as one that noticed.
  timeoutMS: 60_000,
  reporters: ['clear-text', 'progress-append-only'],
  clearTextReporter: { allowColor: false, reportTests: false },
  thresholds: { high: 95, low: 85, break: 85 },
};
