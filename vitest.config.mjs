/** Only our own sources: dist may hold compiled tests. The command line's tests start processes. */
export default { test: { include: ['test/**/*.test.ts'], testTimeout: 60_000 } }
