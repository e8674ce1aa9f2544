import { afterEach, describe, expect, test } from "vitest";
import { commandOf, type KeyPress } from "./keys";
import { rank } from "./ranking";

const press = (key: string, changed: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  isComposing: false,
  defaultPrevented: false,
  target: document.body,
  ...changed,
});

/** The first element of a piece of HTML, in the page. */
function element(html: string): Element {
  document.body.innerHTML = html;
  const [first] = document.body.querySelectorAll("[data-target], body > *");
  return document.querySelector("[data-target]") ?? (first as Element);
}

afterEach(() => {
  document.body.innerHTML = "";
});

describe("a key", () => {
  test.each([
    ["n", "create"],
    ["t", "today"],
    ["d", "day"],
    ["w", "week"],
    ["m", "month"],
    ["a", "agenda"],
    ["/", "search"],
    ["ArrowLeft", "previous"],
    ["ArrowRight", "next"],
  ] as const)("%s means %s", (key, command) => {
    expect(commandOf(press(key), true)).toBe(command);
  });

  test("may need Shift for a question mark or a slash, and then still means the same", () => {
    expect(commandOf(press("?", { shiftKey: true }), true)).toBe("help");
    expect(commandOf(press("/", { shiftKey: true }), true)).toBe("search");
  });

  test("means the same with Caps Lock", () => {
    expect(commandOf(press("N"), true)).toBe("create");
  });

  test("means nothing with a modifier, which belongs to the browser", () => {
    expect(commandOf(press("n", { ctrlKey: true }), true)).toBeNull();
    expect(commandOf(press("ArrowLeft", { altKey: true }), true)).toBeNull();
    expect(commandOf(press("N", { shiftKey: true }), true)).toBeNull();
  });

  test("means nothing when something else has used it, or an input method is at work", () => {
    expect(commandOf(press("n", { defaultPrevented: true }), true)).toBeNull();
    expect(commandOf(press("n", { isComposing: true }), true)).toBeNull();
  });

  test.each([
    "<input>",
    "<textarea></textarea>",
    "<select></select>",
    "<div contenteditable></div>",
    "<div role='listbox'><div role='option' data-target></div></div>",
    "<div role='tablist'><button data-target></button></div>",
    "<div role='dialog'><button data-target></button></div>",
  ])("means nothing in %s", (html) => {
    expect(commandOf(press("n", { target: element(html) }), true)).toBeNull();
  });

  test("means something on a button of the page", () => {
    expect(commandOf(press("n", { target: element("<button></button>") }), true)).toBe("create");
  });

  test("can be turned off, but for the one with a modifier", () => {
    expect(commandOf(press("n"), false)).toBeNull();
    expect(commandOf(press("k", { metaKey: true }), false)).toBe("palette");
    expect(commandOf(press("k", { ctrlKey: true }), false)).toBe("palette");
  });

  test("opens the palette from a field, too", () => {
    expect(commandOf(press("k", { ctrlKey: true, target: element("<input>") }), true)).toBe(
      "palette",
    );
  });
});

describe("the palette", () => {
  const labels = (query: string, ...entries: string[]) =>
    rank(
      entries.map((label) => ({ label })),
      query,
    ).map(({ label }) => label);

  test("offers everything before a letter is typed", () => {
    expect(labels("", "Week", "Day")).toEqual(["Week", "Day"]);
  });

  test("puts what begins so before what has a word so, and that before what contains it", () => {
    expect(labels("day", "Yesterday", "Show the day", "Day view")).toEqual([
      "Day view",
      "Show the day",
      "Yesterday",
    ]);
  });

  test("does not mind case and accents", () => {
    expect(labels("elo", "Éloïse")).toEqual(["Éloïse"]);
  });

  test("finds by letters in order, and nothing else", () => {
    expect(labels("nap", "New appointment", "Customers")).toEqual(["New appointment"]);
  });

  test("finds by other words", () => {
    const found = rank([{ label: "Team", keywords: ["opening hours"] }], "hours");

    expect(found).toHaveLength(1);
  });
});
