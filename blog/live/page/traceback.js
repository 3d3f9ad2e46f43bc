/**
 * What Python's newest traceback says about a program's files: the innermost line of them, and the error.
 * @param {string} output  what Python has printed
 * @param {string[]} files
 * @returns {{file: string, line: number, message: string} | null}  null if there is no traceback, or not yet all of it
 */
export function complaint(output, files) {
  const trace = output.slice(output.lastIndexOf("Traceback (most recent call last):")).split("\n").slice(1);
  const message = trace.find((line) => /^\w/.test(line));
  const lines = trace.flatMap((line) => {
    const [, path = "", number] = /^ +File "(.*)", line (\d+)/.exec(line) ?? [];
    const file = files.find((name) => path === name || path.endsWith(`/${name}`));
    return file ? [{ file, line: Number(number) }] : [];
  });
  const innermost = lines.at(-1);
  return message && innermost ? { ...innermost, message } : null;
}
