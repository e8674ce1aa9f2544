import { Dialog } from "@slotcast/ui";
import { SwitchRow } from "../desk/switch-row";
import { COMMANDS, KEYS_OF } from "./keys";
import { setSingleKeys, useSingleKeys } from "./single-keys";
import { useTexts } from "./texts";

export default function Help({ onClose }: { onClose: () => void }) {
  const t = useTexts();
  const areSingleKeysOn = useSingleKeys();
  return (
    <Dialog open onOpenChange={onClose} title={t("shortcuts.help")}>
      <dl className="divide-y divide-line">
        {COMMANDS.map((command) => (
          <div key={command} className="flex items-center justify-between gap-4 py-2 text-md">
            <dt>{t(`shortcuts.command.${command}`)}</dt>
            <dd className="flex gap-1.5">
              {KEYS_OF[command].map((key) => (
                <Key key={key}>{key}</Key>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <div className="mt-4 border-line border-t pt-4">
        <SwitchRow
          label={t("shortcuts.singleKeys")}
          hint={t("shortcuts.singleKeysHint")}
          checked={areSingleKeysOn}
          onChange={setSingleKeys}
        />
      </div>
    </Dialog>
  );
}

export function Key({ children }: { children: string }) {
  return (
    <kbd className="inline-flex h-6 min-w-6 items-center justify-center rounded-sm border border-line-strong bg-sunken px-1.5 font-sans text-ink-soft text-xs">
      {children}
    </kbd>
  );
}
