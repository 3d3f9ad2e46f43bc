/** What is told of a program that does not start. */

export const STOPPED = "It was stopped.";

/** The example cannot run: a sentence for the reader, and the line and the file of its program where they are known. */
export class StartError extends Error {
  /**
   * @param {string} message
   * @param {number} [line]
   * @param {string} [file]
   */
  constructor(message, line, file) {
    super(message);
    this.name = "StartError";
    this.line = line;
    this.file = file;
  }
}

/** No example can run in this page, whatever its program. */
export class Obstacle extends StartError {
  name = "Obstacle";
}
