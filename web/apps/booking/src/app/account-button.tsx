import { Button, type ButtonProps, nameOf, useSession } from "@slotcast/ui";
import { CircleUserRound } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTexts } from "../texts";

const load = () => import("./account-menu");
const AccountMenu = lazy(async () => ({ default: (await load()).AccountMenu }));

/** The way to the account menu, whose code most visitors never need. */
export function AccountButton() {
  const t = useTexts();
  const { user, isGuest } = useSession();
  const [isWanted, setWanted] = useState(false);
  const name = nameOf(user) || (isGuest ? t("account.guest") : "");
  const button = (
    <AccountTrigger
      name={name}
      aria-haspopup="menu"
      aria-expanded={false}
      onPointerEnter={() => void load()}
      onFocus={() => void load()}
      onClick={() => setWanted(true)}
    />
  );
  if (!isWanted) return button;
  return (
    <Suspense fallback={button}>
      <AccountMenu />
    </Suspense>
  );
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
