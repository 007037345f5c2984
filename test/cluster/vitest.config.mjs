/** Tests with real batch systems: minutes, and not part of `npm test`. `npm run cluster`. */
export default {
  test: { include: ['test/cluster/*.cluster.ts'], testTimeout: 14_400_000, hookTimeout: 300_000 },
}
