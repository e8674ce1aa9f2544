/**
 * Texts in the reader's language.
 *
 * Each app has a catalog per language, `locales/en.ts` and `locales/fr.ts`; the type of the English one is the
 * contract that {@link SameTexts} holds the others to. {@link textsOf} makes the typed `t` of a catalog.
 */
import i18next, { type ResourceLanguage } from "i18next";
import { useCallback } from "react";
import { initReactI18next, useTranslation } from "react-i18next";
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

type Catalogs = Record<Language, () => Promise<Catalog>>;

const STORED_AS = "slotcast.language";
const SHARED: Catalogs = {
  en: async () => en,
  fr: async () => (await import("./locales/fr")).fr,
};

const loaders = new Map<string, Catalogs>([["ui", SHARED]]);

/**
 * Chooses the language (URL `?lang=`, then what was chosen before, then the browser's) and loads its texts.
 * Await it before the first render.
 */
export async function setUpI18n(catalogs: Catalogs): Promise<void> {
  loaders.set("app", catalogs);
  await i18next.use(initReactI18next).init({
    ns: ["app", "ui"],
    defaultNS: "app",
    fallbackLng: false,
    interpolation: { escapeValue: false },
    resources: {},
    react: { bindI18nStore: "added" },
  });
  await changeLanguage(preferredLanguage());
}

/** The typed texts of a catalog; *namespace* is "app" for the app's own. */
export function textsOf<C extends Catalog>(namespace: "app" | "ui") {
  /** `t` in a component, which renders again when the language changes. */
  function useTexts(): Translate<C> {
    const { t } = useTranslation(namespace);
    return useCallback((key, values) => t(key as string, { ...values }), [t]);
  }
  /** The same outside of components. */
  const text: Translate<C> = (key, values) =>
    i18next.t(key as string, { ...values, ns: namespace });
  return { useTexts, text };
}

/**
 * The reader's language.
 *
 * `locale` is for `Intl`: the language with the region that the browser names with it, since English times look
 * different in Boston and in Bristol.
 */
export function useLanguage() {
  const { i18n } = useTranslation("ui");
  const language = asLanguage(i18n.language) ?? "en";
  return { language, locale: localeOf(language), setLanguage };
}

/** Shows everything in *language* from now on, and remembers it. */
export async function setLanguage(language: Language): Promise<void> {
  writeStored(STORED_AS, language);
  await changeLanguage(language);
}

/** For `Intl`, outside of components. */
export function currentLocale(): string {
  return localeOf(asLanguage(i18next.language) ?? "en");
}

async function changeLanguage(language: Language): Promise<void> {
  for (const [namespace, catalogs] of loaders) {
    if (!i18next.hasResourceBundle(language, namespace)) {
      const catalog: ResourceLanguage = await catalogs[language]();
      i18next.addResourceBundle(language, namespace, catalog);
    }
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
}

function preferredLanguage(): Language {
  const asked = new URLSearchParams(location.search).get("lang");
  const candidates = [asked, readStored(STORED_AS, isText), ...navigator.languages];
  for (const candidate of candidates) {
    const language = candidate ? asLanguage(candidate) : undefined;
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
