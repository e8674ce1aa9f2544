import { textsOf } from "@slotcast/ui";
import type { en } from "./locale";

export const { useTexts } = textsOf<{ figures: typeof en }>("app");
