export { type Changes, useChanges } from "./use-changes";
