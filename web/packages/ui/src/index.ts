export { cn } from "./cn";
export { Announcer, alertNow, announce } from "./components/announcer";
export { Avatar, type AvatarProps, initials } from "./components/avatar";
export {
  type AppointmentStatus,
  Badge,
  type BadgeProps,
  STATUS_LOOKS,
  StatusBadge,
  StatusIcon,
} from "./components/badge";
export { Banner, type BannerProps } from "./components/banner";
export { Button, type ButtonProps, IconButton, type IconButtonProps } from "./components/button";
export { Checkbox, Switch } from "./components/choice";
export {
  ConnectionBanner,
  ConnectionDot,
  type ConnectionProps,
  type ConnectionState,
} from "./components/connection";
export { Dialog, DialogClose, type DialogProps, Sheet, type SheetProps } from "./components/dialog";
export {
  DropdownMenu,
  type DropdownMenuProps,
  MenuCheckboxItem,
  MenuItem,
  type MenuItemProps,
  MenuLabel,
  MenuRadioGroup,
  MenuSeparator,
} from "./components/dropdown-menu";
export { EmptyState, type EmptyStateProps } from "./components/empty-state";
export { Field, type FieldProps, Input, type InputProps, Textarea } from "./components/field";
export { Popover, type PopoverProps } from "./components/popover";
export {
  LanguageMenu,
  LanguageMenuItems,
  ThemeMenu,
  ThemeMenuItems,
} from "./components/preferences";
export { Segments, type SegmentsProps } from "./components/segments";
export { Select, type SelectOption, type SelectProps } from "./components/select";
export { SessionNotice } from "./components/session-notice";
export { Loading, Skeleton } from "./components/skeleton";
export { Tabs, type TabsProps } from "./components/tabs";
export { Toaster, type ToastOptions, toast } from "./components/toaster";
export { VisuallyHidden } from "./components/visually-hidden";
export { useZoneWords, ZoneNote, type ZoneNoteProps } from "./components/zone-note";
export {
  type Config,
  ConfigError,
  type DemoAccount,
  loadConfig,
  loadDemoAccounts,
} from "./config";
export { enterDemo } from "./demo";
export { useDraft } from "./drafts";
export { errorText, isNetworkError, type Refusal, TAKEN, useErrorText } from "./errors";
export {
  addTexts,
  type Catalog,
  type Catalogs,
  currentLocale,
  LANGUAGE_NAMES,
  LANGUAGES,
  type Language,
  type SameTexts,
  setLanguage,
  setUpI18n,
  type TextKey,
  type TextValues,
  type Translate,
  textsOf,
  useLanguage,
} from "./i18n";
export { type Later, later, loadAfterFirstPress, prepare } from "./later";
export { MEMBER_PALETTE, memberStyle } from "./member-colours";
export { formatMoney } from "./money";
export {
  makeClient,
  type Notice,
  nameOf,
  SessionProvider,
  type SessionProviderProps,
  type SessionState,
  useSession,
} from "./session";
export {
  EmailField,
  NewPasswordField,
  NewPasswordForm,
  PasswordInput,
  Refused,
  SignIn,
  type SignInProps,
  type SignInView,
} from "./sign-in";
export { forgetStored, isText, readStored, writeStored } from "./stored";
export { setUpTheme, type Theme, useTheme } from "./theme";
export { useNow } from "./use-now";
export { useOnline } from "./use-online";
export { type OpenerProps, useOpener } from "./use-opener";
export * from "./zones";
