-- What policies and triggers ask, and the guards that say what row level security cannot.
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

-- Who writes to a workspace: its staff, a customer (or a stranger), or nobody that came through the API.
-- SECURITY INVOKER: current_user is the role of the API only as long as no definer is in between.
create function app_private.writer_kind(ws uuid) returns text
language sql stable set search_path = '' as $$
  select case
    when current_user not in ('authenticated', 'anon') then 'system'
    when app_private.my_role(ws) in ('owner', 'admin', 'staff') then 'staff'
    else 'customer'
  end
$$;

-- A customer's booking makes them known to the workspace, and how to reach them; what the workspace has noted
-- down itself stays. Only the caller can be made known.
create function app_private.ensure_contact(ws uuid, usr uuid, nm text) returns uuid
language sql volatile security definer set search_path = '' as $$
  insert into public.customers as known (workspace_id, user_id, name, email, phone)
  select ws, usr, nm, nullif(to_jsonb(u) ->> 'email', ''), p.phone
  from auth.users u left join public.profiles p on p.id = u.id
  where u.id = usr and usr = (select auth.uid())
  on conflict (workspace_id, user_id) where user_id is not null do update
    set email = coalesce(known.email, excluded.email), phone = coalesce(known.phone, excluded.phone)
  returning id
$$;

-- Opening hours, right across clock changes: they become instants date by date, in the member's time zone. From the
-- first time the clock shows it opens, to the last time it shows it closes: of the times that come twice when it is
-- put back, PostgreSQL takes the second. Clocks go back an hour, but for Lord Howe's, which go back half of one.
create function app_private.open_windows(members uuid[], from_date date, to_date date)
returns table (team_member_id uuid, day date, opens_at timestamptz, closes_at timestamptz)
language sql stable security definer set search_path = '' as $$
  with places as (
    select t.id, coalesce(t.time_zone, w.time_zone) as zone
    from public.team_members t join public.workspaces w on w.id = t.workspace_id
    where t.id = any (members)
  ), days as (
    select g::date as day
    from generate_series(
      from_date::timestamp,
      -- From infinity to infinity it would never end.
      case when isfinite(from_date) and isfinite(to_date) then to_date::timestamp end,
      interval '1 day'
    ) g
  )
  select places.id, days.day,
         case days.day + hours.opens
           when (opening.last - interval '1 hour') at time zone places.zone then opening.last - interval '1 hour'
           when (opening.last - interval '30 minutes') at time zone places.zone then opening.last - interval '30 minutes'
           else opening.last
         end,
         (days.day + hours.closes) at time zone places.zone
  from places cross join days
  cross join lateral (
    select e.opens, e.closes
    from public.working_hour_exceptions e
    where e.team_member_id = places.id and e.on_date = days.day and e.opens is not null
    union all
    select h.opens, h.closes
    from public.working_hours h
    where h.team_member_id = places.id and h.weekday = extract(isodow from days.day)
      and not exists (
        select from public.working_hour_exceptions e where e.team_member_id = places.id and e.on_date = days.day
      )
  ) hours
  cross join lateral (select (days.day + hours.opens) at time zone places.zone as last) opening
$$;

-- Whether a member is there from begins to ends, and not off in it or in the buffers around it.
create function app_private.fits(
  member uuid, begins timestamptz, ends timestamptz, buffer_before integer, buffer_after integer
) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
           select from app_private.open_windows(
             array[member], (begins at time zone 'UTC')::date - 1, (begins at time zone 'UTC')::date + 1
           ) o
           where o.opens_at <= begins and ends <= o.closes_at
         )
     and not exists (
           select from public.time_off t
           where t.team_member_id = member
             and t.start_time < ends + make_interval(mins => buffer_after)
             and begins - make_interval(mins => buffer_before) < t.end_time
         )
$$;

-- Who is free to give a service then: of those, who has the least to do that day. Null when there is nobody.
create function app_private.free_member(ws uuid, svc uuid, begins timestamptz) returns uuid
language sql stable security definer set search_path = '' as $$
  select t.id
  from public.services s
  join public.workspaces w on w.id = s.workspace_id
  join public.team_member_services o on o.service_id = s.id
  join public.team_members t on t.id = o.team_member_id and t.bookable
  cross join lateral (
    select count(*) as booking_count
    from public.appointments a
    where a.team_member_id = t.id and a.status in ('pending', 'confirmed')
      and (a.start_time at time zone w.time_zone)::date = (begins at time zone w.time_zone)::date
      and a.start_time between begins - interval '25 hours' and begins + interval '25 hours'
  ) that_day
  where s.workspace_id = ws and s.id = svc
    and app_private.fits(
      t.id, begins, begins + make_interval(mins => s.duration_minutes), s.buffer_before_minutes, s.buffer_after_minutes
    )
    and not exists (
      select from public.busy_slots b
      where b.team_member_id = t.id
        and tstzrange(b.start_time, b.end_time) && tstzrange(
              begins - make_interval(mins => s.buffer_before_minutes),
              begins + make_interval(mins => s.duration_minutes + s.buffer_after_minutes))
    )
  order by that_day.booking_count, t.sort_order, t.id
  limit 1
$$;

-- How many visits the caller has ahead of them in a workspace.
create function app_private.my_open_count(ws uuid) returns bigint
language sql stable security definer set search_path = '' as $$
  select count(*)
  from public.appointments a
  where a.workspace_id = ws and a.customer_id = (select auth.uid())
    and a.status in ('pending', 'confirmed') and a.start_time > now()
$$;

create function app_private.booking_rules(ws uuid, svc uuid, member uuid)
returns table (
  online_booking boolean, auto_confirm boolean, min_notice interval, max_ahead interval, cutoff interval,
  open_limit smallint, active boolean, duration interval, buffer_before smallint, buffer_after smallint,
  price integer, currency char(3), offered boolean
)
language sql stable security definer set search_path = '' as $$
  select w.online_booking, w.auto_confirm, make_interval(mins => w.min_notice_minutes),
         make_interval(days => w.max_ahead_days), make_interval(mins => w.change_cutoff_minutes),
         w.max_open_per_customer, s.active, make_interval(mins => s.duration_minutes), s.buffer_before_minutes, s.buffer_after_minutes,
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
-- migrations pass. Errors carry a HINT that a front end can translate. It runs ahead of WITH CHECK, so what a
-- stranger sends comes here as well; refusing it is left to the policies, which tell nothing.

-- A status that stays is no transition. writer: 'system', 'staff' or 'customer'.
create function app_private.may_become(older text, newer text, writer text) returns boolean
language sql immutable set search_path = '' as $$
  select older = newer
    or case writer
         when 'customer' then (older, newer) in (('pending', 'cancelled'), ('confirmed', 'cancelled'))
         else (older, newer) in (
           ('pending', 'confirmed'), ('pending', 'cancelled'),
           ('confirmed', 'pending'), ('confirmed', 'completed'), ('confirmed', 'cancelled'), ('confirmed', 'no_show'),
           -- Mistakes are mended.
           ('completed', 'confirmed'), ('completed', 'no_show'), ('no_show', 'confirmed'), ('no_show', 'completed'),
           ('cancelled', 'confirmed'), ('cancelled', 'pending'))
       end
$$;

-- Lets writers about one subject wait for each other until they commit. Otherwise two who want the same time of a
-- member at once would find each other under way, wait for each other, and end in a deadlock instead of 23P01.
create function app_private.await_turn(subject uuid) returns void
language sql volatile set search_path = '' as $$
  select pg_advisory_xact_lock(hashtextextended(subject::text, 0))
$$;

-- What staff leave out of a new appointment is as the service and the customer's record have it.
create function app_private.completed_by_staff(wish public.appointments) returns public.appointments
language plpgsql set search_path = '' as $$
declare
  rules record;
  contact record;
begin
  select * into rules from app_private.booking_rules(wish.workspace_id, wish.service_id, wish.team_member_id);
  wish.end_time := coalesce(wish.end_time, wish.start_time + rules.duration);
  if rules.duration is not null then
    wish.price_cents := coalesce(wish.price_cents, rules.price);
    wish.currency := coalesce(wish.currency, rules.currency);
    if (wish.buffer_before_minutes, wish.buffer_after_minutes) = (0, 0) then
      wish.buffer_before_minutes := rules.buffer_before;
      wish.buffer_after_minutes := rules.buffer_after;
    end if;
  end if;

  select c.id, c.user_id, c.name into contact
  from public.customers c
  where c.workspace_id = wish.workspace_id
    and (c.id = wish.contact_id or wish.contact_id is null and c.user_id = wish.customer_id);
  wish.contact_id := coalesce(wish.contact_id, contact.id);
  wish.customer_id := coalesce(wish.customer_id, contact.user_id);
  wish.customer_name := coalesce(wish.customer_name, contact.name);
  return wish;
end $$;

-- The end, and whether the time is one that customers may have.
create function app_private.checked_time(wish public.appointments) returns public.appointments
language plpgsql set search_path = '' as $$
declare
  rules record;
begin
  select * into rules from app_private.booking_rules(wish.workspace_id, wish.service_id, wish.team_member_id);
  if rules.duration is null or not coalesce(rules.online_booking and rules.active and rules.offered, false) then
    raise exception 'this cannot be booked online' using errcode = 'P0001', hint = 'not_bookable';
  end if;
  wish.end_time := wish.start_time + rules.duration;  -- the client's is not believed
  wish.status := case when rules.auto_confirm then 'confirmed' else 'pending' end;
  if wish.start_time < now() + rules.min_notice or wish.start_time > now() + rules.max_ahead then
    raise exception 'outside the booking window' using errcode = 'P0001', hint = 'outside_window';
  end if;
  if not app_private.fits(
    wish.team_member_id, wish.start_time, wish.end_time, wish.buffer_before_minutes, wish.buffer_after_minutes
  ) then
    raise exception 'outside opening hours' using errcode = 'P0001', hint = 'outside_hours';
  end if;
  return wish;
end $$;

-- A customer chooses service, time and member; without a member it is whoever is free. All else is the service's.
create function app_private.booked_by_customer(wish public.appointments) returns public.appointments
language plpgsql set search_path = '' as $$
declare
  rules record;
  free uuid;
begin
  select * into rules from app_private.booking_rules(wish.workspace_id, wish.service_id, wish.team_member_id);
  if app_private.my_open_count(wish.workspace_id) >= rules.open_limit then
    raise exception 'no more than % appointments can be open at once', rules.open_limit
      using errcode = 'P0001', hint = 'too_many_open';
  end if;
  if wish.team_member_id is null and rules.online_booking and rules.active then
    -- Who is chosen may be taken before our turn has come.
    loop
      free := app_private.free_member(wish.workspace_id, wish.service_id, wish.start_time);
      if free is null then
        raise exception 'nobody is free then' using errcode = '23P01', hint = 'nobody_free';
      end if;
      exit when free = wish.team_member_id;
      perform app_private.await_turn(free);
      wish.team_member_id := free;
    end loop;
  end if;
  wish.price_cents := rules.price;
  wish.currency := rules.currency;
  wish.buffer_before_minutes := coalesce(rules.buffer_before, 0);
  wish.buffer_after_minutes := coalesce(rules.buffer_after, 0);
  wish.allow_overlap := false;
  wish.cancel_reason := null;
  wish := app_private.checked_time(wish);
  wish.contact_id := app_private.ensure_contact(wish.workspace_id, wish.customer_id, wish.customer_name);
  return wish;
end $$;

-- A customer may move an open appointment, cancel it, or edit what is said in it.
create function app_private.changed_by_customer(older public.appointments, newer public.appointments)
returns public.appointments
language plpgsql set search_path = '' as $$
declare
  rules record;
  is_moved boolean := (newer.start_time, newer.end_time, newer.team_member_id)
                      is distinct from (older.start_time, older.end_time, older.team_member_id);
begin
  if older.status not in ('pending', 'confirmed') then
    raise exception 'this appointment is closed' using errcode = 'P0001', hint = 'appointment_locked';
  end if;
  if (newer.customer_id, newer.contact_id, newer.service_id, newer.price_cents, newer.currency, newer.allow_overlap,
      newer.buffer_before_minutes, newer.buffer_after_minutes)
     is distinct from
     (older.customer_id, older.contact_id, older.service_id, older.price_cents, older.currency, older.allow_overlap,
      older.buffer_before_minutes, older.buffer_after_minutes) then
    raise exception 'customers cannot change this column' using errcode = '42501', hint = 'staff_only_column';
  end if;
  if newer.status = older.status and not is_moved then
    return newer;
  end if;

  if newer.status <> older.status and is_moved then
    raise exception 'an appointment is moved or cancelled, not both' using errcode = 'P0001', hint = 'bad_transition';
  end if;
  select * into rules from app_private.booking_rules(newer.workspace_id, newer.service_id, newer.team_member_id);
  if older.start_time < now() + rules.cutoff then
    raise exception 'too late to change this appointment online' using errcode = 'P0001', hint = 'past_cutoff';
  end if;
  return case when is_moved then app_private.checked_time(newer) else newer end;
end $$;

create function app_private.guard_appointment() returns trigger
language plpgsql set search_path = '' as $$
declare
  me uuid := auth.uid();
  writer text := app_private.writer_kind(coalesce(new.workspace_id, old.workspace_id));
begin
  if tg_op = 'INSERT' then
    if writer <> 'system' then
      new.created_by := me;
      new.created_at := now();
      new.version := 1;
    end if;
  else
    if (new.id, new.workspace_id, new.created_at, new.created_by)
       is distinct from (old.id, old.workspace_id, old.created_at, old.created_by) then
      raise exception 'this column cannot change' using errcode = '42501', hint = 'immutable_column';
    end if;
    if not app_private.may_become(old.status, new.status, writer) then
      raise exception 'an appointment cannot go from % to %', old.status, new.status
        using errcode = 'P0001', hint = 'bad_transition';
    end if;
    new.version := old.version + 1;
    -- Whoever does not say which write this is has not made the one before: its writer must hear of this one.
    if new.mutation_id is not distinct from old.mutation_id then
      new.mutation_id := null;
    end if;
  end if;
  new.updated_at := clock_timestamp();
  if writer <> 'system' then
    new.updated_by := me;
  end if;

  if writer = 'staff' then
    if tg_op = 'INSERT' then
      new := app_private.completed_by_staff(new);
    end if;
    -- Or a workspace could push rows into a stranger's list.
    if new.customer_id <> me and (tg_op = 'INSERT' or new.customer_id is distinct from old.customer_id)
       and not app_private.is_customer_of(new.workspace_id, new.customer_id) then
      raise exception 'that person is not a customer of this workspace'
        using errcode = '42501', hint = 'not_a_customer';
    end if;
  elsif writer = 'customer' and tg_op = 'UPDATE' then
    new := app_private.changed_by_customer(old, new);
  elsif writer = 'customer' and new.customer_id = me then
    new := app_private.booked_by_customer(new);
  end if;
  if new.team_member_id is not null and new.status in ('pending', 'confirmed')
     and (tg_op = 'INSERT'
          or (new.start_time, new.end_time, new.team_member_id, new.status)
             is distinct from (old.start_time, old.end_time, old.team_member_id, old.status)) then
    -- In one order, or two who swap places would wait for each other.
    perform app_private.await_turn(member)
    from (
      select distinct unnest(array[old.team_member_id, new.team_member_id]) as member order by 1
    ) concerned
    where member is not null;
  end if;
  return new;
end $$;

create trigger guard before insert or update on public.appointments
  for each row execute function app_private.guard_appointment();

-- Deleting is no way around the cut-off, nor does it make a visit undone.
create function app_private.guard_deleted_appointment() returns trigger
language plpgsql set search_path = '' as $$
declare
  rules record;
begin
  if app_private.writer_kind(old.workspace_id) <> 'customer' or old.status = 'cancelled' then
    return old;
  end if;
  if old.status in ('completed', 'no_show') then
    raise exception 'past visits cannot be deleted' using errcode = 'P0001', hint = 'appointment_locked';
  end if;
  select * into rules from app_private.booking_rules(old.workspace_id, old.service_id, old.team_member_id);
  if old.start_time < now() + rules.cutoff then
    raise exception 'too late to change this appointment online' using errcode = 'P0001', hint = 'past_cutoff';
  end if;
  return old;
end $$;

create trigger guard_deleted before delete on public.appointments
  for each row execute function app_private.guard_deleted_appointment();

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

  -- SECURITY DEFINER hides the role of the API here, so that the claims have to say who it was.
  kind := case
    when actor is null then 'system'
    when app_private.my_role(subject.workspace_id) in ('owner', 'admin', 'staff') then 'staff'
    else 'customer'
  end;
  insert into public.appointment_events (
    appointment_id, workspace_id, customer_id, customer_name, team_member_id, service_id, start_time,
    actor_id, actor_kind, actor_name, action, version, mutation_id, before, after
  )
  values (
    subject.id, subject.workspace_id, subject.customer_id, subject.customer_name, subject.team_member_id,
    subject.service_id, subject.start_time,
    actor, kind, (select p.display_name from public.profiles p where p.id = actor), action, subject.version,
    case when tg_op <> 'DELETE' then subject.mutation_id end, before, after
  );
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
    raise exception 'sign in first' using errcode = '42501', hint = 'sign_in_first';
  end if;
  insert into public.workspaces (name, slug, time_zone)
  values (p_name, p_slug, p_time_zone)
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
      raise exception 'only an owner can make an owner' using errcode = '42501', hint = 'only_owners';
    end if;
    if tg_op <> 'INSERT' and old.role = 'owner' and mine is distinct from 'owner' then
      raise exception 'only an owner can change an owner' using errcode = '42501', hint = 'only_owners';
    end if;
    if tg_op = 'UPDATE' and (new.workspace_id, new.user_id) <> (old.workspace_id, old.user_id) then
      raise exception 'a membership cannot move' using errcode = '42501', hint = 'immovable';
    end if;
    if tg_op <> 'INSERT' and old.role = 'owner' and (tg_op = 'DELETE' or new.role <> 'owner') then
      -- Or the last two would leave at once.
      perform app_private.await_turn(old.workspace_id);
      if not app_private.has_other_owner(old.workspace_id, old.user_id) then
        raise exception 'a workspace needs an owner' using errcode = 'P0001', hint = 'last_owner';
      end if;
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
  app_private.is_customer_of(uuid, uuid), app_private.writer_kind(uuid),
  app_private.ensure_contact(uuid, uuid, text), app_private.has_other_owner(uuid, uuid),
  app_private.fits(uuid, timestamptz, timestamptz, integer, integer),
  app_private.free_member(uuid, uuid, timestamptz), app_private.my_open_count(uuid),
  app_private.booking_rules(uuid, uuid, uuid), app_private.may_become(text, text, text),
  app_private.completed_by_staff(public.appointments), app_private.booked_by_customer(public.appointments),
  app_private.changed_by_customer(public.appointments, public.appointments),
  app_private.checked_time(public.appointments), app_private.await_turn(uuid)
  to authenticated, service_role;

-- Default privileges of schema public have opened it to everybody.
revoke execute on function public.create_workspace(text, text, text) from public, anon, authenticated, service_role;
grant execute on function public.create_workspace(text, text, text) to authenticated;
