import { Button, type ButtonProps, later, nameOf, useOpener, useSession } from "@slotcast/ui";
import { CircleUserRound } from "lucide-react";
import { useTexts } from "../texts";

const menu = later(() => import("./account-menu"));

/** The way to the account menu, whose code most visitors never need. */
export function AccountButton() {
  const t = useTexts();
  const { user, isGuest } = useSession();
  const { opened, opener } = useOpener(menu, "menu");
  const name = nameOf(user) || (isGuest ? t("account.guest") : "");
  return opened ? <opened.AccountMenu /> : <AccountTrigger name={name} {...opener} />;
}

/** The button itself. */
export function AccountTrigger({ name, ...props }: ButtonProps & { name: string }) {
  const t = useTexts();
  return (
    <Button variant="quiet" className="h-11 max-w-40 px-2.5" {...props}>
      <CircleUserRound aria-hidden className="size-5" strokeWidth={1.75} />
      {name && <span className="hidden truncate sm:inline">{name}</span>}
      <span className="sr-only">{t("account.menu")}</span>
    </Button>
  );
}
