// Which key means what. Keys do nothing while somebody writes, chooses or answers a dialog.

export const COMMANDS = [
  "create",
  "today",
  "previous",
  "next",
  "day",
  "week",
  "month",
  "agenda",
  "search",
  "palette",
  "help",
] as const;
export type Command = (typeof COMMANDS)[number];

const SINGLE_KEYS: Readonly<Record<string, Command>> = {
  n: "create",
  t: "today",
  d: "day",
  w: "week",
  m: "month",
  a: "agenda",
  "/": "search",
  "?": "help",
  ArrowLeft: "previous",
  ArrowRight: "next",
};

/** What the help lists, by command. */
export const KEYS_OF: Readonly<Record<Command, readonly string[]>> = {
  create: ["N"],
  today: ["T"],
  previous: ["←"],
  next: ["→"],
  day: ["D"],
  week: ["W"],
  month: ["M"],
  agenda: ["A"],
  search: ["/"],
  palette: ["⌘K", "Ctrl K"],
  help: ["?"],
};

/** Of a keyboard event, what is read here. */
export type KeyPress = Pick<
  KeyboardEvent,
  | "key"
  | "ctrlKey"
  | "metaKey"
  | "altKey"
  | "shiftKey"
  | "isComposing"
  | "defaultPrevented"
  | "target"
>;

/**
 * Finds the command that a key press gives.
 *
 * @param areSingleKeysOn - People who speak to their computer turn keys without modifiers off.
 */
export function commandOf(press: KeyPress, areSingleKeysOn: boolean): Command | null {
  if (press.isComposing || press.defaultPrevented || press.altKey) return null;
  if (press.ctrlKey || press.metaKey) {
    return press.key.toLowerCase() === "k" && !press.shiftKey ? "palette" : null;
  }
  if (!areSingleKeysOn || isTaken(press.target)) return null;
  // On many keyboards the slash and the question mark need Shift; letters with it are meant for something else.
  const isLetter = press.key.length === 1 && press.key.toLowerCase() !== press.key.toUpperCase();
  if (press.shiftKey && press.key !== "?" && press.key !== "/") return null;
  return SINGLE_KEYS[isLetter ? press.key.toLowerCase() : press.key] ?? null;
}

/** Where keys already have a meaning: fields, lists to choose from, menus, tabs, dialogs, and what can be dragged. */
const TAKEN = [
  "input",
  "textarea",
  "select",
  "[contenteditable]:not([contenteditable=false])",
  "[role=textbox]",
  "[role=combobox]",
  "[role=listbox]",
  "[role=menu]",
  "[role=menubar]",
  "[role=tablist]",
  "[role=radiogroup]",
  "[role=slider]",
  "[role=dialog]",
  "[role=alertdialog]",
].join(",");

function isTaken(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(TAKEN) !== null;
}
