import { textsOf } from "./i18n";
import type { en } from "./locales/en";

/** The texts of the shared components. */
export const { useTexts, text } = textsOf<typeof en>("ui");
