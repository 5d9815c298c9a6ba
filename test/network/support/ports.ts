/** Ports that tests use: below those that systems give to clients, above those of services. */
const first = 20_000;
const count = 12_000;
const perTest = 40;

/** The first of 40 ports that most likely nobody else uses: tests that run at the same time each take their own. */
export function somePort(): number {
  return first + Math.floor((Math.random() * count) / perTest) * perTest;
}
