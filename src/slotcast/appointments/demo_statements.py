"""What the demo writes, in SQL."""

from __future__ import annotations

from typing import Final

INSERT_ACCOUNT: Final = """
    with account as (
      insert into auth.users (
        instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
        confirmation_token, recovery_token, email_change_token_new, email_change,
        raw_app_meta_data, raw_user_meta_data, created_at, updated_at
      )
      values (
        '00000000-0000-0000-0000-000000000000', %(id)s, 'authenticated', 'authenticated',
        %(email)s, %(hash)s, now(), '', '', '', '',
        '{"provider": "email", "providers": ["email"]}',
        jsonb_build_object('name', %(name)s::text, 'email_verified', true), now(), now()
      )
      on conflict do nothing
      returning id, email
    )
    insert into auth.identities
      (provider_id, user_id, identity_data, provider, created_at, updated_at)
    select id::text, id,
           jsonb_build_object(
             'sub', id, 'email', email, 'email_verified', true, 'phone_verified', false
           ),
           'email', now(), now()
    from account
"""

# Only of those who have none, for they may have changed it.
SET_PHONE: Final = """
    update public.profiles set phone = %(phone)s where id = %(id)s and phone is null
"""

INSERT_WORKSPACE: Final = """
    insert into public.workspaces
      (id, name, slug, description, address, phone, time_zone, online_booking)
    values (
      %(id)s, %(name)s, %(slug)s, %(description)s, %(address)s, %(phone)s, %(time_zone)s,
      %(online_booking)s
    )
    on conflict do nothing
"""

INSERT_WORKSPACE_MEMBER: Final = """
    insert into public.workspace_members (workspace_id, user_id, role)
    values (%(workspace)s, %(user)s, %(role)s)
    on conflict do nothing
"""

INSERT_SERVICE: Final = """
    insert into public.services (
      id, workspace_id, name, description, duration_minutes, buffer_after_minutes, price_cents,
      currency, color, sort_order
    )
    values (
      %(id)s, %(workspace)s, %(name)s, %(description)s, %(duration)s, %(buffer)s, %(price)s,
      'EUR', %(color)s, %(order)s
    )
    on conflict do nothing
"""

INSERT_TEAM_MEMBER: Final = """
    insert into public.team_members (id, workspace_id, user_id, name, title, color, sort_order)
    values (%(id)s, %(workspace)s, %(user)s, %(name)s, %(title)s, %(color)s, %(order)s)
    on conflict do nothing
"""

INSERT_OFFER: Final = """
    insert into public.team_member_services (workspace_id, team_member_id, service_id)
    values (%(workspace)s, %(member)s, %(service)s)
    on conflict do nothing
"""

INSERT_WORKING_HOURS: Final = """
    insert into public.working_hours (workspace_id, team_member_id, weekday, opens, closes)
    values (%(workspace)s, %(member)s, %(weekday)s, %(opens)s, %(closes)s)
    on conflict do nothing
"""

INSERT_TIME_OFF: Final = """
    insert into public.time_off (id, workspace_id, team_member_id, start_time, end_time, reason)
    select %(id)s, w.id, %(member)s, (%(day)s::date + %(begins)s::time) at time zone w.time_zone,
           (%(day)s::date + %(ends)s::time) at time zone w.time_zone, 'Training'
    from public.workspaces w
    where w.id = %(workspace)s
    on conflict do nothing
"""

INSERT_CUSTOMER: Final = """
    insert into public.customers (id, workspace_id, user_id, name, email, phone)
    values (%(id)s, %(workspace)s, %(user)s, %(name)s, %(email)s, %(phone)s)
    on conflict do nothing
"""

# Without a conflict target, so that a booking that somebody made meanwhile stands too.
INSERT_APPOINTMENT: Final = """
    insert into public.appointments (
      id, workspace_id, customer_id, contact_id, team_member_id, service_id, customer_name,
      start_time, end_time, buffer_after_minutes, status, cancel_reason, notes,
      price_cents, currency
    )
    select %(id)s, w.id, c.user_id, c.id, %(member)s, s.id, coalesce(c.name, 'Walk-in'),
           visit.begins, visit.ends, s.buffer_after_minutes, visit.status,
           case visit.status when 'cancelled' then %(cancel_reason)s::text end, %(note)s,
           s.price_cents, s.currency
    from public.workspaces w
    join public.services s on s.workspace_id = w.id and s.id = %(service)s
    left join public.customers c on c.workspace_id = w.id and c.id = %(contact)s
    cross join lateral (
      select (%(day)s::date + %(time)s::time) at time zone w.time_zone as begins
    ) as moment
    cross join lateral (
      select moment.begins, ends.at as ends,
             case when ends.at < now() then %(outcome)s else %(prospect)s end as status
      from (select moment.begins + make_interval(mins => s.duration_minutes) as at) as ends
    ) as visit
    where w.id = %(workspace)s
    on conflict do nothing
"""

INSERT_STAFF_NOTE: Final = """
    insert into public.appointment_staff_notes (appointment_id, workspace_id, body)
    select id, workspace_id, %(staff_note)s from public.appointments where id = %(id)s
    on conflict do nothing
"""

# What was ahead at an earlier start, and nobody has touched since, has come to an end.
CLOSE_PASSED: Final = """
    update public.appointments
    set status = case status when 'pending' then 'cancelled' else 'completed' end
    where workspace_id = any (%(workspaces)s) and end_time < now()
      and status in ('pending', 'confirmed') and created_by is null and updated_by is null
"""

# Recent changes are about what people do, not about the hundreds of rows written here.
FORGET_INSERTING: Final = """
    delete from public.appointment_events
    where workspace_id = any (%(workspaces)s) and actor_kind = 'system' and at >= now()
"""

CONFIRM: Final = """
    update public.appointments set status = 'confirmed'
    where id in (
      select id from public.appointments
      where workspace_id = %s and status = 'pending' and start_time > now()
      order by start_time limit 2
    )
"""

SAY_SOMETHING: Final = """
    update public.appointments set notes = 'I may be five minutes late'
    where id = (
      select id from public.appointments
      where customer_id = %s and status in ('pending', 'confirmed') and start_time > now()
      order by start_time limit 1
    )
"""

CANCEL: Final = """
    update public.appointments set status = 'cancelled', cancel_reason = 'I am away that week'
    where id = (
      select id from public.appointments
      where customer_id = %s and status in ('pending', 'confirmed')
        and start_time > now() + interval '1 day'
      order by start_time desc limit 1
    )
"""
