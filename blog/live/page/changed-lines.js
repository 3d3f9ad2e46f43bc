/** Which lines of a program are not as in the original. */

/** A comparison of more pairs of lines than this takes too long: all lines in question count as changed. */
const LIMIT = 4_000_000;

/**
 * @param {string} original
 * @param {string} program
 * @returns {{changed: number[], missing: number}}  lines of the program, from 1, that are new or other; how many of the
 *   original have gone and nothing has come in their place
 */
export function compare(original, program) {
  const [old, now] = [original.split("\n"), program.split("\n")];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  const most = Math.min(old.length, now.length) - start;
  while (end < most && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
  const gaps = between(old.slice(start, old.length - end), now.slice(start, now.length - end));
  return {
    changed: gaps.flatMap(({ at, came }) => Array.from({ length: came }, (_, index) => start + at + index + 1)),
    missing: gaps.reduce((sum, { came, went }) => sum + (came ? 0 : went), 0),
  };
}

/**
 * What came and what went between the lines of the longest row that both have in this order.
 * @param {string[]} old
 * @param {string[]} now
 */
function between(old, now) {
  if (old.length * now.length > LIMIT) return [{ at: 0, came: now.length, went: old.length }];
  const width = now.length + 1;
  const longest = new Uint32Array((old.length + 1) * width); // row of common lines in what is left from here on
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      const either = Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
      longest[i * width + j] = old[i] === now[j] ? longest[(i + 1) * width + j + 1] + 1 : either;
    }
  }
  const gaps = [{ at: 0, came: 0, went: 0 }];
  for (let i = 0, j = 0; i < old.length || j < now.length;) {
    const gap = gaps[gaps.length - 1];
    if (i < old.length && old[i] === now[j]) {
      gaps.push({ at: j + 1, came: 0, went: 0 });
      i++;
      j++;
    } else if (j === now.length || (i < old.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) {
      gap.went++;
      i++;
    } else {
      gap.came++;
      j++;
    }
  }
  return gaps;
}

/**
 * Numbers in words: `3, 7–9 and 12`.
 * @param {number[]} numbers  growing
 */
export function ranges(numbers) {
  /** @type {[number, number][]} */
  const found = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else found.push([number, number]);
  }
  const texts = found.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`));
  return texts.length > 1 ? `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}` : texts.join("");
}
