/**
 * What Python's newest traceback says about a file: the innermost line of it, and the error.
 * @param {string} output  what Python has printed
 * @param {string} file
 * @returns {{line: number, message: string} | null}  null if there is no traceback, or it has not been printed whole
 */
export function complaint(output, file) {
  const trace = output.slice(output.lastIndexOf("Traceback (most recent call last):")).split("\n").slice(1);
  const message = trace.find((line) => /^\w/.test(line));
  const lines = trace.flatMap((line) => {
    const [, name, number] = /^ +File "(.*)", line (\d+)/.exec(line) ?? [];
    return name === file ? [Number(number)] : [];
  });
  return message && lines.length ? { line: lines[lines.length - 1], message } : null;
}
