export { type Change, canUndo } from "./change";
export { RealtimeToaster } from "./realtime-toaster";
export { RecentChanges } from "./recent-changes";
export { useUndo } from "./use-undo";
