-- What policies and triggers ask, free slots, and the guards that say what row level security cannot.
--
-- Helpers are SECURITY DEFINER, so that a policy on workspace_members can ask for memberships without asking
-- itself. A policy is evaluated with the caller's privileges, so EXECUTE is granted back at the end.

-- Who am I?

create function app_private.my_workspaces(min_role text default 'viewer') returns uuid[]
language sql stable security definer set search_path = '' as $$
  select coalesce(array_agg(m.workspace_id), '{}')
  from public.workspace_members m
  where m.user_id = (select auth.uid())
    and array_position(array['viewer', 'staff', 'admin', 'owner'], m.role)
        >= array_position(array['viewer', 'staff', 'admin', 'owner'], min_role)
$$;

create function app_private.my_role(ws uuid) returns text
language sql stable security definer set search_path = '' as $$
  select m.role from public.workspace_members m where m.workspace_id = ws and m.user_id = (select auth.uid())
$$;

-- The workspaces that know me as a customer.
create function app_private.visited_workspaces() returns uuid[]
language sql stable security definer set search_path = '' as $$
  select coalesce(array_agg(c.workspace_id), '{}') from public.customers c where c.user_id = (select auth.uid())
$$;

create function app_private.is_customer_of(ws uuid, usr uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (select from public.customers c where c.workspace_id = ws and c.user_id = usr)
$$;

-- A customer's first booking makes them known to the workspace. Only the caller can be made known.
create function app_private.ensure_contact(ws uuid, usr uuid, nm text) returns uuid
language sql volatile security definer set search_path = '' as $$
  insert into public.customers (workspace_id, user_id, name)
  select ws, usr, nm where usr = (select auth.uid())
  on conflict (workspace_id, user_id) where user_id is not null do update set name = public.customers.name
  returning id
$$;

-- Free slots, right across clock changes: hours become instants per date, slots step in real time.

create function app_private.open_windows(member uuid, from_date date, to_date date)
returns table (opens_at timestamptz, closes_at timestamptz)
language sql stable security definer set search_path = '' as $$
  with zone as (
    select coalesce(t.time_zone, w.time_zone) as name
    from public.team_members t join public.workspaces w on w.id = t.workspace_id
    where t.id = member
  ), days as (
    select g::date as day from generate_series(from_date::timestamp, to_date::timestamp, interval '1 day') g
  )
  select (days.day + hours.opens) at time zone zone.name, (days.day + hours.closes) at time zone zone.name
  from days cross join zone cross join lateral (
    select e.opens, e.closes
    from public.working_hour_exceptions e
    where e.team_member_id = member and e.on_date = days.day and e.opens is not null
    union all
    select h.opens, h.closes
    from public.working_hours h
    where h.team_member_id = member and h.weekday = extract(isodow from days.day)
      and not exists (
        select from public.working_hour_exceptions e where e.team_member_id = member and e.on_date = days.day
      )
  ) hours
$$;

-- p_ignore: the appointment that is being moved, which does not stand in its own way.
create function public.available_slots(
  p_service uuid, p_member uuid, p_from timestamptz, p_to timestamptz, p_ignore uuid default null
)
returns table (start_time timestamptz, end_time timestamptz)
language sql stable security definer set search_path = '' as $$
  with offer as (
    select s.duration_minutes, s.buffer_before_minutes, s.buffer_after_minutes,
           w.slot_step_minutes, w.min_notice_minutes, w.max_ahead_days, coalesce(t.time_zone, w.time_zone) as zone
    from public.services s
    join public.workspaces w on w.id = s.workspace_id
    join public.team_member_services ts on ts.service_id = s.id and ts.team_member_id = p_member
    join public.team_members t on t.id = p_member and t.bookable
    where s.id = p_service and s.active and w.online_booking and p_to - p_from <= interval '62 days'
  ), candidates as (
    select begins, begins + make_interval(mins => offer.duration_minutes) as ends, offer.*
    from offer
    cross join lateral app_private.open_windows(
      p_member, (p_from at time zone offer.zone)::date - 1, (p_to at time zone offer.zone)::date + 1
    ) opening
    cross join lateral generate_series(
      opening.opens_at,
      opening.closes_at - make_interval(mins => offer.duration_minutes),
      make_interval(mins => offer.slot_step_minutes)
    ) begins
  )
  select c.begins, c.ends
  from candidates c
  where c.begins >= p_from and c.begins < p_to
    and c.begins >= now() + make_interval(mins => c.min_notice_minutes)
    and c.begins <= now() + make_interval(days => c.max_ahead_days)
    and not exists (
      select from public.busy_slots b
      where b.team_member_id = p_member and b.source_id is distinct from p_ignore
        and b.start_time < c.ends + make_interval(mins => c.buffer_after_minutes)
        and b.end_time > c.begins - make_interval(mins => c.buffer_before_minutes)
    )
  order by 1
$$;

create function app_private.fits(member uuid, begins timestamptz, ends timestamptz) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
           select from app_private.open_windows(
             member, (begins at time zone 'UTC')::date - 1, (begins at time zone 'UTC')::date + 1
           ) o
           where o.opens_at <= begins and ends <= o.closes_at
         )
     and not exists (
           select from public.time_off t
           where t.team_member_id = member and t.start_time < ends and begins < t.end_time
         )
$$;

create function app_private.booking_rules(ws uuid, svc uuid, member uuid)
returns table (
  online_booking boolean, auto_confirm boolean, min_notice interval, max_ahead interval, cutoff interval,
  active boolean, duration interval, buffer_before smallint, buffer_after smallint, price integer, currency char(3),
  offered boolean
)
language sql stable security definer set search_path = '' as $$
  select w.online_booking, w.auto_confirm, make_interval(mins => w.min_notice_minutes),
         make_interval(days => w.max_ahead_days), make_interval(mins => w.change_cutoff_minutes),
         s.active, make_interval(mins => s.duration_minutes), s.buffer_before_minutes, s.buffer_after_minutes,
         s.price_cents, s.currency,
         exists (
           select from public.team_member_services ts join public.team_members t on t.id = ts.team_member_id
           where ts.service_id = svc and ts.team_member_id = member and t.bookable
         )
  from public.workspaces w left join public.services s on s.workspace_id = w.id and s.id = svc
  where w.id = ws
$$;

-- The guard of appointments: columns and transitions.
--
-- SECURITY INVOKER on purpose: current_user is then the role of the API, and service_role, cascades and
-- migrations pass. Errors carry a HINT that a front end can translate.

create function app_private.guard_appointment() returns trigger
language plpgsql set search_path = '' as $$
declare
  me uuid := auth.uid();
  kind text;
  rules record;
  moved boolean;
begin
  if current_user not in ('authenticated', 'anon') then
    kind := 'system';
  elsif app_private.my_role(coalesce(new.workspace_id, old.workspace_id)) in ('owner', 'admin', 'staff') then
    kind := 'staff';
  else
    kind := 'customer';
  end if;

  if tg_op = 'DELETE' then
    if kind = 'customer' and old.status in ('completed', 'no_show') then
      raise exception 'past visits cannot be deleted' using errcode = 'P0001', hint = 'appointment_locked';
    end if;
    return old;
  end if;

  if tg_op = 'INSERT' then
    if kind <> 'system' then
      new.created_by := me;
      new.created_at := now();
      new.version := 1;
    end if;
  else
    if (new.id, new.workspace_id, new.created_at, new.created_by)
       is distinct from (old.id, old.workspace_id, old.created_at, old.created_by) then
      raise exception 'this column cannot change' using errcode = '42501', hint = 'immutable_column';
    end if;
    new.version := old.version + 1;
  end if;
  new.updated_at := clock_timestamp();
  if kind <> 'system' then
    new.updated_by := me;
  end if;

  moved := tg_op = 'INSERT'
    or (new.start_time, new.end_time, new.team_member_id)
       is distinct from (old.start_time, old.end_time, old.team_member_id);

  if tg_op = 'UPDATE' and new.status <> old.status and not (
    (old.status, new.status) in (
      ('pending', 'confirmed'), ('pending', 'cancelled'),
      ('confirmed', 'pending'), ('confirmed', 'completed'), ('confirmed', 'cancelled'), ('confirmed', 'no_show'))
    or kind <> 'customer' and (old.status, new.status) in (
      ('completed', 'confirmed'), ('completed', 'no_show'), ('no_show', 'confirmed'), ('no_show', 'completed'),
      ('cancelled', 'confirmed'), ('cancelled', 'pending'))
  ) then
    raise exception 'an appointment cannot go from % to %', old.status, new.status
      using errcode = 'P0001', hint = 'bad_transition';
  end if;

  if kind = 'staff' then
    -- Or a workspace could push rows into a stranger's list.
    if new.customer_id is not null and new.customer_id <> me
       and (tg_op = 'INSERT' or new.customer_id is distinct from old.customer_id)
       and not app_private.is_customer_of(new.workspace_id, new.customer_id) then
      raise exception 'that person is not a customer of this workspace'
        using errcode = '42501', hint = 'not_a_customer';
    end if;
    return new;
  elsif kind = 'system' then
    return new;
  end if;

  -- A customer, or a stranger: this runs ahead of WITH CHECK, so refusing a stranger is left to the policies.
  if tg_op = 'INSERT' and new.customer_id is distinct from me then
    return new;
  end if;
  select * into rules from app_private.booking_rules(new.workspace_id, new.service_id, new.team_member_id);

  if tg_op = 'UPDATE' then
    if old.status not in ('pending', 'confirmed') then
      raise exception 'this appointment is closed' using errcode = 'P0001', hint = 'appointment_locked';
    end if;
    if (new.customer_id, new.contact_id, new.service_id, new.price_cents, new.currency, new.allow_overlap,
        new.buffer_before_minutes, new.buffer_after_minutes)
       is distinct from
       (old.customer_id, old.contact_id, old.service_id, old.price_cents, old.currency, old.allow_overlap,
        old.buffer_before_minutes, old.buffer_after_minutes) then
      raise exception 'customers cannot change this column' using errcode = '42501', hint = 'staff_only_column';
    end if;
    if new.status <> old.status and new.status <> 'cancelled' then
      raise exception 'customers can only cancel' using errcode = '42501', hint = 'bad_transition';
    end if;
    if (moved or new.status = 'cancelled') and old.start_time < now() + rules.cutoff then
      raise exception 'too late to change this appointment online' using errcode = 'P0001', hint = 'past_cutoff';
    end if;
  end if;

  if moved and new.status <> 'cancelled' then
    if rules.duration is null or not coalesce(rules.online_booking and rules.active and rules.offered, false) then
      raise exception 'this cannot be booked online' using errcode = 'P0001', hint = 'not_bookable';
    end if;
    new.end_time := new.start_time + rules.duration;  -- the client's is not believed
    if tg_op = 'INSERT' then
      new.price_cents := rules.price;
      new.currency := rules.currency;
      new.allow_overlap := false;
      new.contact_id := app_private.ensure_contact(new.workspace_id, me, new.customer_name);
      new.buffer_before_minutes := rules.buffer_before;
      new.buffer_after_minutes := rules.buffer_after;
    end if;
    new.status := case when rules.auto_confirm then 'confirmed' else 'pending' end;
    if new.start_time < now() + rules.min_notice or new.start_time > now() + rules.max_ahead then
      raise exception 'outside the booking window' using errcode = 'P0001', hint = 'outside_window';
    end if;
    if not app_private.fits(new.team_member_id, new.start_time, new.end_time) then
      raise exception 'outside opening hours' using errcode = 'P0001', hint = 'outside_hours';
    end if;
  end if;
  return new;
end $$;

create trigger guard before insert or update or delete on public.appointments
  for each row execute function app_private.guard_appointment();

-- After a change: history and the projection to busy_slots.

-- The values of newer that older does not have, without bookkeeping; null when there are none.
create function app_private.changed_values(older jsonb, newer jsonb) returns jsonb
language sql immutable set search_path = '' as $$
  select jsonb_object_agg(key, value)
  from jsonb_each(newer)
  where older -> key is distinct from value
    and key not in ('updated_at', 'version', 'mutation_id', 'updated_by', 'blocked')
$$;

create function app_private.record_appointment_event() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  subject public.appointments := coalesce(new, old);
  actor uuid := auth.uid();
  kind text;
  action text;
  before jsonb;
  after jsonb;
begin
  -- When the whole workspace goes, there is nothing left to refer to.
  if tg_op = 'DELETE' and not exists (select from public.workspaces w where w.id = old.workspace_id) then
    return null;
  end if;

  if tg_op = 'INSERT' then
    action := 'created';
    after := to_jsonb(new) - 'blocked';
  elsif tg_op = 'DELETE' then
    action := 'deleted';
    before := to_jsonb(old) - 'blocked';
  else
    before := app_private.changed_values(to_jsonb(new), to_jsonb(old));
    after := app_private.changed_values(to_jsonb(old), to_jsonb(new));
    if after is null then
      return null;
    end if;
    action := case
      when new.status <> old.status and new.status <> 'pending' then 'status'
      when (new.start_time, new.end_time) <> (old.start_time, old.end_time) then 'rescheduled'
      when new.status <> old.status then 'status'
      when new.team_member_id is distinct from old.team_member_id then 'reassigned'
      else 'edited'
    end;
  end if;

  kind := case
    when actor is null then 'system'
    when app_private.my_role(subject.workspace_id) is not null then 'staff'
    else 'customer'
  end;
  insert into public.appointment_events
    (appointment_id, workspace_id, customer_id, actor_id, actor_kind, action, version, before, after)
  values
    (subject.id, subject.workspace_id, subject.customer_id, actor, kind, action, subject.version, before, after);
  return null;
end $$;

create trigger record_event after insert or update or delete on public.appointments
  for each row execute function app_private.record_appointment_event();

create function app_private.project_appointment() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_op <> 'DELETE' and new.team_member_id is not null and new.status in ('pending', 'confirmed') then
    insert into public.busy_slots (workspace_id, team_member_id, start_time, end_time, source_id)
    values (new.workspace_id, new.team_member_id, lower(new.blocked), upper(new.blocked), new.id)
    on conflict (source_id) do update
      set team_member_id = excluded.team_member_id, start_time = excluded.start_time, end_time = excluded.end_time
      where (busy_slots.team_member_id, busy_slots.start_time, busy_slots.end_time)
            is distinct from (excluded.team_member_id, excluded.start_time, excluded.end_time);
  else
    delete from public.busy_slots where source_id = coalesce(new.id, old.id);
  end if;
  return null;
end $$;

create trigger project after insert or update or delete on public.appointments
  for each row execute function app_private.project_appointment();

create function app_private.project_time_off() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_op in ('UPDATE', 'DELETE') then
    delete from public.busy_slots where source_id = old.id;
  end if;
  if tg_op in ('UPDATE', 'INSERT') then
    insert into public.busy_slots (workspace_id, team_member_id, start_time, end_time, source_id)
    values (new.workspace_id, new.team_member_id, new.start_time, new.end_time, new.id);
  end if;
  return null;
end $$;

create trigger project after insert or update or delete on public.time_off
  for each row execute function app_private.project_time_off();

-- A workspace and its first owner in one step: INSERT … RETURNING cannot see its row before the membership is.
create function public.create_workspace(p_name text, p_slug text, p_time_zone text) returns public.workspaces
language plpgsql security definer set search_path = '' as $$
declare
  workspace public.workspaces;
begin
  if auth.uid() is null then
    raise exception 'sign in first' using errcode = '42501';
  end if;
  if not exists (select from pg_catalog.pg_timezone_names where name = p_time_zone) then
    raise exception 'unknown time zone %', p_time_zone using errcode = '22023';
  end if;
  insert into public.workspaces (name, slug, time_zone, created_by)
  values (p_name, p_slug, p_time_zone, auth.uid())
  returning * into workspace;
  insert into public.workspace_members (workspace_id, user_id, role) values (workspace.id, auth.uid(), 'owner');
  return workspace;
end $$;

-- The guard of memberships: only owners make and change owners, the last one stays, a membership cannot move.
-- SECURITY INVOKER as the other guard, so that create_workspace() and cascades pass.

create function app_private.has_other_owner(ws uuid, usr uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select from public.workspace_members m where m.workspace_id = ws and m.role = 'owner' and m.user_id <> usr
  )
$$;

create function app_private.guard_member() returns trigger
language plpgsql set search_path = '' as $$
declare
  mine text;
begin
  if current_user in ('authenticated', 'anon') then
    mine := app_private.my_role(coalesce(new.workspace_id, old.workspace_id));
    if tg_op <> 'DELETE' and new.role = 'owner' and mine is distinct from 'owner' then
      raise exception 'only an owner can make an owner' using errcode = '42501';
    end if;
    if tg_op <> 'INSERT' and old.role = 'owner' and mine is distinct from 'owner' then
      raise exception 'only an owner can change an owner' using errcode = '42501';
    end if;
    if tg_op = 'UPDATE' and (new.workspace_id, new.user_id) <> (old.workspace_id, old.user_id) then
      raise exception 'a membership cannot move' using errcode = '42501';
    end if;
    if tg_op <> 'INSERT' and old.role = 'owner' and (tg_op = 'DELETE' or new.role <> 'owner')
       and not app_private.has_other_owner(old.workspace_id, old.user_id) then
      raise exception 'a workspace needs an owner' using errcode = 'P0001', hint = 'last_owner';
    end if;
  end if;
  return coalesce(new, old);
end $$;

create trigger guard before insert or update or delete on public.workspace_members
  for each row execute function app_private.guard_member();

-- Policies and triggers run as the caller, so the caller needs EXECUTE on the helpers they name.
revoke execute on all functions in schema app_private from public;
grant execute on function
  app_private.my_workspaces(text), app_private.my_role(uuid), app_private.visited_workspaces(),
  app_private.is_customer_of(uuid, uuid), app_private.ensure_contact(uuid, uuid, text),
  app_private.has_other_owner(uuid, uuid), app_private.fits(uuid, timestamptz, timestamptz),
  app_private.booking_rules(uuid, uuid, uuid)
  to authenticated, service_role;

-- Default privileges of schema public have opened these to everybody.
revoke execute on function
  public.create_workspace(text, text, text), public.available_slots(uuid, uuid, timestamptz, timestamptz, uuid)
  from public, anon, authenticated, service_role;
grant execute on function public.create_workspace(text, text, text) to authenticated;
grant execute on function public.available_slots(uuid, uuid, timestamptz, timestamptz, uuid)
  to anon, authenticated, service_role;
