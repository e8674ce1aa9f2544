/**
 * Filters in the syntax of realtime subscriptions: `column=operator.value`, a comma for AND.
 *
 * The same filter goes to the channel, to the read of the first state, and — where that is
 * certain — is judged here, to see that a row has left it.
 */

import type { AnyRow } from "./rows";

export type Condition = {
  column: string;
  /** With `not.` in front where it is negated. */
  operator: string;
  /** As it stands in the filter. */
  value: string;
};

const WORD = /^[a-z]\w*$/i;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Takes a filter apart. @throws SyntaxError when it is no filter. */
export function parseFilter(filter: string | undefined): Condition[] {
  if (!filter) return [];
  return splitOutsideQuotes(filter).map(parseCondition);
}

/** The value as a REST query wants it: only lists keep their quotes. */
export function restValue({ operator, value }: Condition): string {
  return operator.endsWith("in") ? value : unquoted(value);
}

/**
 * Tells whether the row may belong to the filter.
 *
 * False is certain. True also stands for what only PostgreSQL can judge (collations, ranges,
 * patterns, columns that are not there).
 */
export function mayMatch(conditions: readonly Condition[], row: AnyRow): boolean {
  return conditions.every((condition) => judge(condition, row[condition.column]) !== false);
}

function parseCondition(text: string): Condition {
  const found = /^([^=]+)=((?:not\.)?[a-z]+)\.(.*)$/s.exec(text.trim());
  if (!found) throw new SyntaxError(`not a filter of the form column=operator.value: ${text}`);
  const [, column = "", operator = "", value = ""] = found;
  return { column, operator, value };
}

function splitOutsideQuotes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quoted && character === "\\") index += 1;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === "(") depth += 1;
    else if (character === ")") depth -= 1;
    else if (character === "," && depth === 0) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unquoted(value: string): string {
  return /^".*"$/s.test(value) ? value.slice(1, -1).replace(/\\(.)/gs, "$1") : value;
}

/** Null stands for "only PostgreSQL knows". */
function judge(condition: Condition, value: unknown): boolean | null {
  if (value === undefined) return null;
  const negated = condition.operator.startsWith("not.");
  const operator = negated ? condition.operator.slice(4) : condition.operator;
  const answer = judgePlain(operator, condition.value, value);
  if (answer === null) return null;
  // A comparison with NULL is not true, negated or not; only IS knows NULL.
  if (value === null && operator !== "is") return false;
  return answer !== negated;
}

function judgePlain(operator: string, operand: string, value: unknown): boolean | null {
  switch (operator) {
    case "eq":
      return isEqual(unquoted(operand), value);
    case "neq": {
      const equal = isEqual(unquoted(operand), value);
      return equal === null ? null : !equal;
    }
    case "in":
      return isAnyOf(operand, value);
    case "is":
      return operand === "null" ? value === null : null;
    default:
      return null;
  }
}

function isAnyOf(list: string, value: unknown): boolean | null {
  const answers = splitOutsideQuotes(list.replace(/^\(|\)$/g, "")).map((item) =>
    isEqual(unquoted(item.trim()), value),
  );
  if (answers.includes(true)) return true;
  return answers.includes(null) ? null : false;
}

/**
 * Certain for uuids, numbers, booleans, equal texts and plain words that differ by more than case; other
 * texts that differ may be equal to PostgreSQL, as instants with other offsets are.
 */
function isEqual(operand: string, value: unknown): boolean | null {
  if (value === null) return false;
  if (typeof value === "boolean") return operand === String(value);
  if (typeof value === "number") return Number(operand) === value;
  if (typeof value !== "string") return null;
  if (operand === value) return true;
  const isWithoutCase = operand.toLowerCase() === value.toLowerCase();
  if (UUID.test(operand) && UUID.test(value)) return isWithoutCase;
  return WORD.test(operand) && WORD.test(value) && !isWithoutCase ? false : null;
}
