/** What several views here do with the DOM. */

/**
 * Make an element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | boolean>} attributes  true sets an attribute without a value, false leaves it out
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/**
 * Make a button.
 * @param {string} name
 * @param {() => unknown} action
 * @param {Record<string, string | boolean>} [attributes]
 */
export function button(name, action, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, name);
  made.addEventListener("click", () => void action());
  return made;
}

/**
 * Give the page a style that it needs only now. Resolves when it is there, or cannot be had: all works without it.
 * @param {URL} address
 */
export function styled({ href }) {
  const style = element("link", { rel: "stylesheet", href });
  document.head.append(style);
  return new Promise((resolve) => (style.onload = style.onerror = resolve));
}
