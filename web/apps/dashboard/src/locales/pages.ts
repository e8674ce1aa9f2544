/** Texts of the pages that are not the first one: they are loaded along with those. */
import type { Catalogs } from "@slotcast/ui";

export const customerTexts: Catalogs = {
  en: async () => ({ customers: (await import("../features/customers/locale/en")).en }),
  fr: async () => ({ customers: (await import("../features/customers/locale/fr")).fr }),
};

export const settingsTexts: Catalogs = {
  en: async () => ({ settings: (await import("../features/settings/locale/en")).en }),
  fr: async () => ({ settings: (await import("../features/settings/locale/fr")).fr }),
};
