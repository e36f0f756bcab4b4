/** Sums typed into number fields: + - * / ^, brackets, unary minus. No names, no calls. */

/** The value of a sum; null when it is none. */
export function evaluate(text: string): number | null {
  const tokens =
    text.replaceAll(",", ".").match(/\d+\.?\d*(?:e[+-]?\d+)?|\.\d+|[-+*/^()]|\S/gi) ?? [];
  let at = 0;
  const next = () => tokens[at];
  const take = () => tokens[at++];

  function sum(): number {
    let value = product();
    for (let sign = next(); sign === "+" || sign === "-"; sign = next()) {
      take();
      const right = product();
      value = sign === "+" ? value + right : value - right;
    }
    return value;
  }
  function product(): number {
    let value = signed();
    for (let sign = next(); sign === "*" || sign === "/"; sign = next()) {
      take();
      const right = signed();
      value = sign === "*" ? value * right : value / right;
    }
    return value;
  }
  function signed(): number {
    if (next() === "-") return (take(), -signed());
    if (next() === "+") return (take(), signed());
    return power();
  }
  function power(): number {
    const base = atom();
    if (next() !== "^") return base;
    take();
    return base ** signed();
  }
  function atom(): number {
    const token = take();
    if (token === "(") {
      const value = sum();
      return take() === ")" ? value : NaN;
    }
    return token !== undefined && /^[\d.]/.test(token) ? Number(token) : NaN;
  }

  if (tokens.length === 0) return null;
  const value = sum();
  return at === tokens.length && Number.isFinite(value) ? value : null;
}

/** Whether a text is more than a plain number, so that its value is worth showing. */
export const isSum = (text: string): boolean => /[-+*/^()]/.test(text.trim().replace(/^-/, ""));
