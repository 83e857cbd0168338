import { defineConfig } from 'vite';

/**
 * The console's page: dist/console/page, beside its back end. One script, one style sheet, one icon; nothing inline and
 * nothing from elsewhere, as its Content-Security-Policy demands.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    outDir: '../dist/console/page',
    emptyOutDir: true,
    target: ['es2022', 'safari16', 'firefox115', 'chrome108'],
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: false,
    sourcemap: false,
    reportCompressedSize: true,
  },
});
