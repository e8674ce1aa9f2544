import { type Service, useSupabase } from "@slotcast/realtime";
import {
  Avatar,
  Badge,
  Banner,
  Button,
  cn,
  DropdownMenu,
  EmptyState,
  formatDuration,
  formatMoney,
  IconButton,
  MenuItem,
  MenuSeparator,
  memberStyle,
  useLanguage,
} from "@slotcast/ui";
import { ArrowDown, ArrowUp, Ellipsis, Plus, Scissors, Trash2 } from "lucide-react";
import { useState } from "react";
import { canWriteSettings, type Desk } from "../desk/desk";
import { Page } from "../desk/page";
import { Problem } from "./form-parts";
import { RemoveRow } from "./remove-row";
import { ServiceForm } from "./service-form";
import { useTexts } from "./texts";
import { useOffers } from "./use-offers";
import { useSaving } from "./use-saving";

/** What can be booked. */
export function ServicesPage({ desk }: { desk: Desk }) {
  const t = useTexts();
  const mayWrite = canWriteSettings(desk.role);
  const [editedId, setEditedId] = useState<string | "new" | null>(null);
  const [removed, setRemoved] = useState<Service | null>(null);
  const { move, problem } = useMove(desk.services);
  const edited = desk.services.find(({ id }) => id === editedId) ?? null;

  const add = (
    <Button variant="primary" onClick={() => setEditedId("new")}>
      <Plus aria-hidden className="size-4" strokeWidth={2} />
      {t("settings.services.add")}
    </Button>
  );
  return (
    <Page
      title={t("settings.services.title")}
      lead={t("settings.services.lead")}
      actions={mayWrite && add}
    >
      {!mayWrite && <Banner>{t("settings.readOnly")}</Banner>}
      <Problem text={problem} />
      {desk.services.length === 0 ? (
        <EmptyState
          icon={Scissors}
          title={t("settings.services.emptyTitle")}
          action={mayWrite && add}
        >
          {t("settings.services.empty")}
        </EmptyState>
      ) : (
        <ul className="divide-y divide-line rounded-card border border-line bg-surface">
          {desk.services.map((service, index) => (
            <ServiceRow
              key={service.id}
              desk={desk}
              service={service}
              onEdit={mayWrite ? () => setEditedId(service.id) : undefined}
              menu={
                mayWrite && (
                  <DropdownMenu
                    trigger={
                      <IconButton
                        icon={Ellipsis}
                        label={t("settings.services.more", { name: service.name })}
                      />
                    }
                  >
                    <MenuItem
                      icon={ArrowUp}
                      disabled={index === 0}
                      onSelect={() => move(index, -1)}
                    >
                      {t("settings.services.up")}
                    </MenuItem>
                    <MenuItem
                      icon={ArrowDown}
                      disabled={index === desk.services.length - 1}
                      onSelect={() => move(index, 1)}
                    >
                      {t("settings.services.down")}
                    </MenuItem>
                    <MenuSeparator />
                    <MenuItem icon={Trash2} danger onSelect={() => setRemoved(service)}>
                      {t("settings.remove")}
                    </MenuItem>
                  </DropdownMenu>
                )
              }
            />
          ))}
        </ul>
      )}
      {(edited || editedId === "new") && (
        <ServiceForm desk={desk} service={edited} onClose={() => setEditedId(null)} />
      )}
      {removed && (
        <RemoveRow
          table="services"
          id={removed.id}
          title={t("settings.services.confirmRemove", { name: removed.name })}
          lead={t("settings.services.confirmRemoveLead")}
          onClose={() => setRemoved(null)}
        />
      )}
    </Page>
  );
}

interface ServiceRowProps {
  desk: Desk;
  service: Service;
  onEdit: (() => void) | undefined;
  menu: React.ReactNode;
}

function ServiceRow({ desk, service, onEdit, menu }: ServiceRowProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { offers, isLoading } = useOffers(desk);
  const givers = desk.members.filter((member) =>
    offers.some((one) => one.service_id === service.id && one.team_member_id === member.id),
  );
  const duration = formatDuration(service.duration_minutes, locale);
  const price =
    service.price_cents !== null && service.currency
      ? formatMoney(service.price_cents, service.currency, locale)
      : null;
  return (
    <li
      style={memberStyle(service.color)}
      className="member relative flex items-center gap-3 py-2.5 ps-4 pe-2 hover:bg-hover"
    >
      <span aria-hidden className="member-dot h-9 w-1 shrink-0 rounded-full" />
      <div className={cn("min-w-0 flex-1", !service.active && "opacity-70")}>
        <p className="flex flex-wrap items-center gap-x-2 text-md">
          {onEdit ? (
            <button
              type="button"
              aria-label={t("settings.edit", { name: service.name })}
              onClick={onEdit}
              className="font-medium after:absolute after:inset-0 after:content-['']"
            >
              {service.name}
            </button>
          ) : (
            <span className="font-medium">{service.name}</span>
          )}
          {!service.active && <Badge>{t("settings.services.inactive")}</Badge>}
        </p>
        <p className="figures text-ink-soft text-sm">
          {price ? t("settings.services.sum", { duration, price }) : duration}
        </p>
      </div>
      <span className="hidden items-center sm:flex">
        {givers.map(({ id, name, color }) => (
          <span key={id} className="-ms-1.5 rounded-full ring-2 ring-surface">
            <Avatar size="sm" name={name} color={color} />
          </span>
        ))}
      </span>
      {!isLoading && givers.length === 0 && (
        <Badge tone="warning">{t("settings.services.nobody")}</Badge>
      )}
      <span className="relative">{menu}</span>
    </li>
  );
}

/** Changes the order: what stands in it is numbered anew where the numbers are not those of the places. */
function useMove(services: readonly Service[]) {
  const client = useSupabase();
  const { save, problem } = useSaving();
  function move(index: number, by: -1 | 1) {
    const order = [...services];
    const [moved] = order.splice(index, 1);
    if (!moved) return;
    order.splice(index + by, 0, moved);
    const writes = order.flatMap(({ id, sort_order }, place) =>
      sort_order === place
        ? []
        : [() => client.from("services").update({ sort_order: place }).eq("id", id).select("id")],
    );
    void save(...writes);
  }
  return { move, problem };
}
