import { textsOf } from "@slotcast/ui";
import type { en } from "./locale/en";

export const { useTexts } = textsOf<{ changes: typeof en }>("app");
