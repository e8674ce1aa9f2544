import { announce, Button } from "@slotcast/ui";
import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useTexts } from "./texts";

const SHOWN_MS = 2_000;

/** Puts a text on the clipboard and says so. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const t = useTexts();
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setIsCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);

  async function copy() {
    await navigator.clipboard.writeText(text);
    setIsCopied(true);
    announce(t("settings.workspace.copied"));
  }

  const Icon = isCopied ? Check : Copy;
  return (
    <Button size="sm" onClick={() => void copy()}>
      <Icon aria-hidden className="size-4" strokeWidth={1.75} />
      {label}
    </Button>
  );
}
