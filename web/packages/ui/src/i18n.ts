/**
 * Texts in the reader's language.
 *
 * Each app has a catalog per language, `locales/en.ts` and `locales/fr.ts`; the type of the English one is the
 * contract that {@link SameTexts} holds the others to. {@link textsOf} makes the typed `t` of a catalog.
 *
 * Texts have `{{placeholders}}`, and forms for a `count`: `free_one`, `free_other`,
 * and `free_zero` for none at all. That is the form of i18next's
 * catalogs, so translators' tools know it; what we need of it takes fewer lines than setting that library up, and
 * spares everybody its 18 KB. `Intl` does the rest.
 */
import { useCallback, useSyncExternalStore } from "react";
import { en } from "./locales/en";
import { isText, readStored, writeStored } from "./stored";

export const LANGUAGES = ["en", "fr"] as const;
export type Language = (typeof LANGUAGES)[number];

/** What each language calls itself. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: "English", fr: "Français" };

export interface Catalog {
  [key: string]: string | Catalog;
}

/** A catalog with the same keys: `export const fr: SameTexts<typeof en> = …`. */
export type SameTexts<C extends Catalog> = {
  [K in keyof C]: C[K] extends Catalog ? SameTexts<C[K]> : string;
};

type WithoutPlural<K extends string> =
  K extends `${infer Stem}_${"zero" | "one" | "two" | "few" | "many" | "other"}` ? Stem : K;

/** The keys of a catalog, as paths ("toast.moved"); of plurals the stem, without `_one` and `_other`. */
export type TextKey<C extends Catalog> = {
  [K in keyof C & string]: C[K] extends Catalog
    ? `${K}.${TextKey<C[K]>}`
    : C[K] extends string
      ? WithoutPlural<K>
      : never;
}[keyof C & string];

/** Values for the `{{placeholders}}`; `count` chooses the plural. */
export type TextValues = Record<string, string | number>;

export type Translate<C extends Catalog> = (key: TextKey<C>, values?: TextValues) => string;

/** Loads a catalog, or a part of one, in each language. */
export type Catalogs = Record<Language, () => Promise<Catalog>>;

type Namespace = "app" | "ui";

const STORED_AS = "slotcast.language";
const SHARED: Catalogs = {
  en: async () => en,
  fr: async () => (await import("./locales/fr")).fr,
};

const loaders: Record<Namespace, Set<Catalogs>> = { ui: new Set([SHARED]), app: new Set() };
const listeners = new Set<() => void>();

/** What is to be shown: while it is loaded, another language may be asked for, or another part. */
let wanted: Language = "en";

/** What is shown: replaced as a whole, so that it can be compared. */
let shown: { language: Language; catalogs: Partial<Record<Namespace, Catalog>> } = {
  language: "en",
  catalogs: { ui: en },
};

/**
 * Chooses the language (URL `?lang=`, then what was chosen before, then the browser's) and loads its texts.
 * Await it before the first render.
 */
export async function setUpI18n(catalogs: Catalogs): Promise<void> {
  loaders.app = new Set([catalogs]);
  wanted = preferredLanguage();
  await showWanted();
}

/** Adds texts to the app's own that only some pages need; await it before they are drawn. */
export async function addTexts(catalogs: Catalogs): Promise<void> {
  if (loaders.app.has(catalogs)) return;
  await catalogs[wanted]();
  loaders.app.add(catalogs);
  await showWanted();
}

/** The typed texts of a catalog; *namespace* is "app" for the app's own. */
export function textsOf<C extends Catalog>(namespace: Namespace) {
  /** `t` in a component, which renders again when the language changes. */
  function useTexts(): Translate<C> {
    const { language, catalogs } = useShown();
    return useCallback(
      (key, values) => translate(catalogs[namespace], language, key, values),
      [catalogs, language],
    );
  }
  /** The same outside of components. */
  const text: Translate<C> = (key, values) =>
    translate(shown.catalogs[namespace], shown.language, key, values);
  return { useTexts, text };
}

/**
 * The reader's language.
 *
 * `locale` is for `Intl`: the language with the region that the browser names with it, since English times look
 * different in Boston and in Bristol.
 */
export function useLanguage() {
  const { language } = useShown();
  return { language, locale: localeOf(language), setLanguage };
}

/** Shows everything in *language* from now on, and remembers it. */
export async function setLanguage(language: Language): Promise<void> {
  writeStored(STORED_AS, language);
  wanted = language;
  try {
    await showWanted();
  } catch (error) {
    if (wanted === language) wanted = shown.language;
    throw error;
  }
}

/** For `Intl`, outside of components. */
export function currentLocale(): string {
  return localeOf(shown.language);
}

/** Fills in a text of a catalog; a key that it lacks is shown as it is. */
function translate(
  catalog: Catalog | undefined,
  language: Language,
  key: string,
  values: TextValues = {},
): string {
  let found: string | undefined;
  for (const form of formsOf(values.count, language)) found ??= find(catalog, key + form);
  return (found ?? key).replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** The endings to look for, the best first; `_zero` is for a word of its own, in any language. */
function formsOf(count: string | number | undefined, language: Language): string[] {
  if (count === undefined) return [""];
  const plural = `_${new Intl.PluralRules(language).select(Number(count))}`;
  return [...(Number(count) === 0 ? ["_zero"] : []), plural, "_other", ""];
}

function find(catalog: Catalog | undefined, key: string): string | undefined {
  let found: string | Catalog | undefined = catalog;
  for (const step of key.split(".")) {
    found = typeof found === "object" && Object.hasOwn(found, step) ? found[step] : undefined;
  }
  return typeof found === "string" ? found : undefined;
}

function useShown() {
  return useSyncExternalStore(subscribe, () => shown);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function showWanted(): Promise<void> {
  const language = wanted;
  const { size } = loaders.app;
  const load = async (parts: Iterable<Catalogs>): Promise<Catalog> =>
    Object.assign({}, ...(await Promise.all([...parts].map((part) => part[language]()))));
  const [ui, app] = await Promise.all([load(loaders.ui), load(loaders.app)]);
  if (language !== wanted || size !== loaders.app.size) return showWanted();
  shown = { language, catalogs: { ui, app } };
  for (const listener of listeners) listener();
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
}

function preferredLanguage(): Language {
  const asked = asLanguage(new URLSearchParams(location.search).get("lang") ?? "");
  // It will be gone from the address with the next step, but not from the reader's mind.
  if (asked) writeStored(STORED_AS, asked);
  for (const candidate of [readStored(STORED_AS, isText), ...navigator.languages]) {
    const language = asLanguage(candidate ?? "");
    if (language) return language;
  }
  return "en";
}

function asLanguage(tag: string): Language | undefined {
  return LANGUAGES.find((language) => tag === language || tag.startsWith(`${language}-`));
}

function localeOf(language: Language): string {
  return navigator.languages.find((tag) => asLanguage(tag) === language) ?? language;
}

function directionOf(language: string): "ltr" | "rtl" {
  const locale = new Intl.Locale(language) as Intl.Locale & {
    getTextInfo?: () => { direction: "ltr" | "rtl" };
  };
  return locale.getTextInfo?.().direction ?? "ltr";
}
