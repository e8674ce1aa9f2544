import { textsOf } from "@slotcast/ui";
import type { en } from "./locale";

export const { useTexts, text } = textsOf<{ settings: typeof en }>("app");
