import { afterEach, describe, expect, it } from "vitest";
import { addTexts, type Catalog, setLanguage, setUpI18n, textsOf } from "./i18n";

const en = {
  hello: "Hello, {{name}}!",
  times: { free_one: "{{count}} free time", free_other: "{{count}} free times", none: "None" },
  changes: { new_zero: "nothing new", new_one: "{{count}} new", new_other: "{{count}} new" },
} satisfies Catalog;
const fr: typeof en = {
  hello: "Bonjour {{name}} !",
  times: { free_one: "{{count}} horaire", free_other: "{{count}} horaires", none: "Aucun" },
  changes: { new_zero: "rien", new_one: "{{count}} nouveau", new_other: "{{count}} nouveaux" },
};
const { text } = textsOf<typeof en>("app");

async function show(language: "en" | "fr") {
  await setUpI18n({ en: async () => en, fr: async () => fr });
  await setLanguage(language);
}

function delay() {
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { over, end };
}

afterEach(() => localStorage.clear());

describe("texts", () => {
  it("are filled in, whatever is in the values", async () => {
    await show("en");

    expect(text("hello", { name: "$& {{name}}" })).toBe("Hello, $& {{name}}!");
    expect(text("times.none")).toBe("None");
  });

  it("have the plural of their language: none of a thing is several in English, and one in French", async () => {
    await show("en");
    const english = [0, 1, 2].map((count) => text("times.free", { count }));
    await show("fr");
    const french = [0, 1, 2].map((count) => text("times.free", { count }));

    expect(english).toEqual(["0 free times", "1 free time", "2 free times"]);
    expect(french).toEqual(["0 horaire", "1 horaire", "2 horaires"]);
  });

  it("may have a word of their own for nothing", async () => {
    await show("en");

    expect(text("changes.new", { count: 0 })).toBe("nothing new");
    expect(text("changes.new", { count: 3 })).toBe("3 new");
  });

  it("show their key where there is none, and nothing of what all objects have", async () => {
    await show("en");

    expect(text("missing" as "hello")).toBe("missing");
    expect(text("constructor.name" as "hello")).toBe("constructor.name");
    expect(text("times" as "hello")).toBe("times");
  });

  it("name their language to the page, and are remembered", async () => {
    await show("fr");

    expect(document.documentElement.lang).toBe("fr");
    await setUpI18n({ en: async () => en, fr: async () => fr });
    expect(text("times.none")).toBe("Aucun");
  });

  it("that only some pages need come along with those, in any language", async () => {
    await show("fr");
    const ofAPage = { en: async () => ({ bye: "Bye" }), fr: async () => ({ bye: "Salut" }) };
    const page = textsOf<{ bye: string }>("app");

    await addTexts(ofAPage);
    expect([page.text("bye"), text("times.none")]).toEqual(["Salut", "Aucun"]);

    await setLanguage("en");
    expect([page.text("bye"), text("times.none")]).toEqual(["Bye", "None"]);
  });

  it.each(["language", "page"])(
    "are complete in the language chosen last if the %s is loaded last",
    async (last) => {
      const [language, page] = [delay(), delay()];
      await setUpI18n({ en: async () => en, fr: () => language.over.then(() => fr) });
      const ofAPage = {
        en: () => page.over.then(() => ({ bye: "Bye" })),
        fr: () => page.over.then(() => ({ bye: "Salut" })),
      };

      const adding = addTexts(ofAPage);
      const changing = setLanguage("fr");
      for (const { end } of last === "page" ? [language, page] : [page, language]) {
        end();
        await new Promise((resolve) => setTimeout(resolve));
      }
      await Promise.all([adding, changing]);

      const { text: ofPage } = textsOf<{ bye: string }>("app");
      expect([ofPage("bye"), text("times.none")]).toEqual(["Salut", "Aucun"]);
    },
  );

  it("stay as they are where another language can't be loaded, with what pages add", async () => {
    await setUpI18n({ en: async () => en, fr: () => Promise.reject(new TypeError("offline")) });

    await expect(setLanguage("fr")).rejects.toThrow("offline");
    await addTexts({ en: async () => ({ bye: "Bye" }), fr: async () => ({ bye: "Salut" }) });

    const { text: ofPage } = textsOf<{ bye: string }>("app");
    expect([ofPage("bye"), text("times.none")]).toEqual(["Bye", "None"]);
  });
});
