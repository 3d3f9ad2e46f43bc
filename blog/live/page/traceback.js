/** Python's tracebacks, as they are printed. */

/** @typedef {{message: string, line?: number, file?: string}} Complaint */

/**
 * What the newest traceback complains of: the error, and the innermost line of the program's files that it names.
 * @param {string} output  what Python has printed
 * @param {string} example  whose program that is: `NAME.py`, or the files of a folder of that name
 * @returns {Complaint | null}  null if there is no traceback, or it has not been printed whole
 */
export function complaint(output, example) {
  const ours = new RegExp(`(?:^|/)(${example}(?:\\.py$|/.*))`);
  const start = output.lastIndexOf("Traceback (most recent call last):");
  if (start < 0) return null;
  const trace = output
    .slice(start)
    .split("\n")
    .slice(1)
    .map((line) => line.replace(/^[ |+]*\| /, "")); // the margin of a group of errors
  const message = trace.find((line) => /^\w/.test(line));
  const lines = trace.flatMap((line) => {
    const [, path = "", number] = /^ +File "(.*)", line (\d+)/.exec(line) ?? [];
    const file = ours.exec(path)?.[1];
    return file ? [{ file, line: Number(number) }] : [];
  });
  return message ? { message, ...lines.at(-1) } : null;
}

/**
 * Whether a line of a traceback begins a frame of Python's, of a package or of ours, and not of the program.
 * @param {string} line
 */
export function isLibraryFrame(line) {
  return /^[ |]*File "(.*[\\/][Ll]ib[\\/]|<frozen )/.test(line);
}

/**
 * Whether a line belongs to the frame before it: the source, and what points at its part.
 * @param {string} line
 */
export function isInsideFrame(line) {
  return /^[ |]* {4}\S/.test(line);
}
