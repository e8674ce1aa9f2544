import {
  Avatar,
  Button,
  type ButtonProps,
  later,
  nameOf,
  useOpener,
  useSession,
} from "@slotcast/ui";
import { useTexts } from "./texts";
import type { WorkspaceChoice } from "./workspace-switcher";

const menu = later(() => import("./account-menu"));

/** Who is signed in; opens the menu of their account. */
export function Account({ current }: { current?: WorkspaceChoice }) {
  const { opened, opener } = useOpener(menu, "menu");
  return opened ? <opened.AccountMenu current={current} /> : <AccountButton {...opener} />;
}

/** The button itself. */
export function AccountButton(props: ButtonProps) {
  const t = useTexts();
  const { user } = useSession();
  return (
    <Button
      variant="quiet"
      aria-label={t("shell.account")}
      className="size-9 rounded-full p-0"
      {...props}
    >
      <Avatar name={nameOf(user)} size="sm" className="size-8" />
    </Button>
  );
}
