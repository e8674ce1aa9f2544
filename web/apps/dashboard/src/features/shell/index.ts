export type { PageLink } from "./page-links";
export { PageToolbar, Shell, type ShellProps } from "./shell";
export { useTexts as useShellTexts } from "./texts";
export { PHONE, useMedia } from "./use-media";
export type { WorkspaceChoice } from "./workspace-switcher";
