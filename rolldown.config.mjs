import { chmodSync } from 'node:fs'

/**
 * Bundles the command line into dist/bin, because loading effect file by file takes 0.3 s of every
 * start and its bundle a tenth of that. The library (dist/index.js) stays as tsc made it. d3-node is
 * left outside: it is loaded only to draw, and jsdom does not survive bundling. So is resvg, which
 * is machine code.
 */
const commandLine = {
  input: {
    main: 'dist/cli/main.js',
    program: 'dist/cli/program.js',
    'run-worker': 'dist/app/run-worker.js',
    'bench-worker': 'dist/app/bench-worker.js',
    'explore-worker': 'dist/app/explore-worker.js',
    'sweep-worker': 'dist/app/sweep-worker.js',
  },
  platform: 'node',
  external: [/^d3-node$/, /^@resvg\/resvg-js$/, /^piscina$/],
  // npx runs the file itself when the package is the one it stands in.
  plugins: [{ name: 'executable', writeBundle: () => chmodSync('dist/bin/main.js', 0o755) }],
  checks: { unresolvedImport: false },
  output: {
    dir: 'dist/bin',
    format: 'esm',
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    cleanDir: true,
  },
}

/** The script of the report page, as one text that is put into the page. */
const page = {
  input: { report: 'src/page/main.ts' },
  platform: 'browser',
  tsconfig: 'src/page/tsconfig.json',
  output: { dir: 'dist/page', format: 'iife', minify: true, entryFileNames: '[name].js' },
}

export default [commandLine, page]
