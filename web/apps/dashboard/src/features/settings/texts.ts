import { textsOf } from "@slotcast/ui";
import type { en } from "./locale/en";

export const { useTexts } = textsOf<{ settings: typeof en }>("app");
