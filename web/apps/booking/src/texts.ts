import { textsOf } from "@slotcast/ui";
import type { en } from "./locales/en";

export const { useTexts, text } = textsOf<typeof en>("app");
