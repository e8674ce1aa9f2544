import { textsOf } from "@slotcast/ui";
import type { Status } from "./statuses";

/** What the states are called; the shared components know it. */
export const { useTexts: useStatusTexts } = textsOf<{ status: Record<Status, string> }>("ui");
