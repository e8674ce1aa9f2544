import { describe, expect, test } from "vitest";
import { parsePrice, priceText } from "./price";
import { withCurrent } from "./rules";
import {
  copyToWorkdays,
  isSameWeek,
  mistakesIn,
  nextStretch,
  type Stretch,
  stretchesOf,
} from "./week";

describe("a price", () => {
  test.each([
    ["42", 4200],
    ["42.5", 4250],
    ["42,50", 4250],
    [" 0 ", 0],
    ["", null],
  ])("is read from %j", (text, cents) => {
    expect(parsePrice(text, "EUR")).toBe(cents);
  });

  test.each(["free", "-1", "1.234", "1.2.3", "99999999999", "1e3"])(
    "is not read from %j",
    (text) => {
      expect(parsePrice(text, "EUR")).toBeUndefined();
    },
  );

  test("has the decimals of its currency", () => {
    expect(parsePrice("4200", "JPY")).toBe(4200);
    expect(parsePrice("42.5", "JPY")).toBeUndefined();
    expect(parsePrice("1.234", "KWD")).toBe(1234);
  });

  test.each(["en-GB", "fr-FR"])("is written in %s as it can be read again", (locale) => {
    expect(parsePrice(priceText(123456, "EUR", locale), "EUR")).toBe(123456);
  });
});

describe("a week of hours", () => {
  const stretch = (id: string, weekday: number, opens: string, closes: string): Stretch => ({
    id,
    weekday,
    opens,
    closes,
  });

  test("is that of one member, in order and without seconds", () => {
    const row = { workspace_id: "salon", team_member_id: "ana" };
    const rows = [
      { ...row, id: "b", weekday: 1, opens: "14:00:00", closes: "18:00:00" },
      { ...row, id: "a", weekday: 1, opens: "09:00:00", closes: "12:00:00" },
      { ...row, id: "c", weekday: 1, opens: "09:00:00", closes: "12:00:00", team_member_id: "ben" },
    ];

    expect(stretchesOf(rows, "ana")).toEqual([
      stretch("a", 1, "09:00", "12:00"),
      stretch("b", 1, "14:00", "18:00"),
    ]);
  });

  test("has stretches that end after they begin and do not meet", () => {
    const mistakes = mistakesIn([
      stretch("early", 1, "12:00", "09:00"),
      stretch("one", 2, "09:00", "12:00"),
      stretch("other", 2, "11:00", "15:00"),
      stretch("touching", 2, "15:00", "16:00"),
    ]);

    expect(Object.fromEntries(mistakes)).toEqual({
      early: "ends-early",
      one: "overlaps",
      other: "overlaps",
    });
  });

  test("gets a whole day first, then an afternoon, and nothing after midnight", () => {
    const day = stretch("a", 1, "09:00", "12:00");

    expect(nextStretch([], 1, "new")).toEqual(stretch("new", 1, "09:00", "18:00"));
    expect(nextStretch([day], 1, "new")).toEqual(stretch("new", 1, "13:00", "16:00"));
    expect(nextStretch([{ ...day, closes: "21:30" }], 1, "new")).toBeNull();
  });

  test("can be the same from Monday to Friday, whatever the weekend", () => {
    let count = 0;
    const week = copyToWorkdays(
      [
        stretch("mon", 1, "09:00", "12:00"),
        stretch("tue", 2, "10:00", "11:00"),
        stretch("sat", 6, "10:00", "14:00"),
      ],
      1,
      () => `new-${++count}`,
    );

    expect(week.map(({ weekday, opens }) => `${weekday} ${opens}`)).toEqual([
      "1 09:00",
      "2 09:00",
      "3 09:00",
      "4 09:00",
      "5 09:00",
      "6 10:00",
    ]);
  });

  test("is the same when its hours are, in whichever rows", () => {
    const week = [stretch("a", 1, "09:00", "12:00"), stretch("b", 2, "09:00", "12:00")];
    const [monday, tuesday] = week as [Stretch, Stretch];

    expect(isSameWeek(week, [{ ...monday, id: "c" }, tuesday])).toBe(true);
    expect(isSameWeek(week, [monday])).toBe(false);
    expect(isSameWeek([monday], week)).toBe(false);
    expect(isSameWeek(week, [monday, { ...tuesday, closes: "13:00" }])).toBe(false);
    expect(isSameWeek(week, [monday, { ...tuesday, weekday: 3 }])).toBe(false);
  });
});

describe("a rule", () => {
  test("offers a value that is none of the usual ones", () => {
    expect(withCurrent([0, 60], 45)).toEqual([0, 45, 60]);
    expect(withCurrent([0, 60], 60)).toEqual([0, 60]);
  });
});
