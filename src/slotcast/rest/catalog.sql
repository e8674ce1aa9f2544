-- What the schema cache is made of. Every part begins with its name, and is run with an empty search_path,
-- so that types are written with their schemas. {schemas} are the exposed ones.

-- name: relations
select n.nspname, c.relname, c.relkind in ('v', 'm') as is_view,
       pg_catalog.pg_relation_is_updatable(c.oid::regclass, true) as events,
       coalesce((select array_agg(a.attname::text order by a.attnum)
                 from pg_catalog.pg_index i
                 join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
                 where i.indrelid = c.oid and i.indisprimary), '{{}}') as primary_key,
       pg_catalog.obj_description(c.oid, 'pg_class') as comment
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v', 'r', 'm', 'f', 'p') and not c.relispartition
  and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
order by 1, 2;

-- name: columns
select n.nspname, c.relname, a.attname,
       pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
       pg_catalog.format_type(b.oid, null) as base_type,
       not (a.attnotnull or t.typtype = 'd' and t.typnotnull) as is_nullable,
       case when t.typbasetype <> 0 and d.adbin is null then pg_catalog.pg_get_expr(t.typdefaultbin, 0)
            when a.attidentity = 'd' then pg_catalog.format('nextval(%L)',
              pg_catalog.pg_get_serial_sequence(pg_catalog.format('%I.%I', n.nspname, c.relname), a.attname))
            when a.attidentity <> '' or a.attgenerated <> '' then null
            else pg_catalog.pg_get_expr(d.adbin, d.adrelid)
       end as default_expression,
       case when coalesce(nullif(t.typbasetype, 0), t.oid) in ('character'::regtype, 'character varying'::regtype)
              and coalesce(nullif(t.typtypmod, -1), a.atttypmod) > 4
            then coalesce(nullif(t.typtypmod, -1), a.atttypmod) - 4
       end as maximum_length,
       coalesce((select array_agg(e.enumlabel::text order by e.enumsortorder)
                 from pg_catalog.pg_enum e
                 where e.enumtypid = coalesce(nullif(t.typbasetype, 0), t.oid)), '{{}}') as labels,
       pg_catalog.col_description(c.oid, a.attnum) as comment
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type t on t.oid = a.atttypid
join lateral (
  with recursive base as (
    select t.oid, t.typbasetype
    union all
    select n.oid, n.typbasetype from base join pg_catalog.pg_type n on n.oid = base.typbasetype
  )
  select oid from base where typbasetype = 0
) b on true
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where c.relkind in ('v', 'r', 'm', 'f', 'p') and not c.relispartition
  and a.attnum > 0 and not a.attisdropped
  and n.nspname = any ({schemas})
order by c.oid, a.attnum;

-- name: foreign_keys
select f.conname, n.nspname, c.relname, fn.nspname, fc.relname,
       (select array_agg(a.attname::text order by k.position)
        from unnest(f.conkey) with ordinality as k (number, position)
        join pg_catalog.pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.number) as columns,
       (select array_agg(a.attname::text order by k.position)
        from unnest(f.confkey) with ordinality as k (number, position)
        join pg_catalog.pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.number) as referenced_columns,
       exists (select from pg_catalog.pg_constraint u
               where u.conrelid = f.conrelid and u.contype in ('p', 'u')
                 and u.conkey <@ f.conkey and f.conkey <@ u.conkey) as is_unique
from pg_catalog.pg_constraint f
join pg_catalog.pg_class c on c.oid = f.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class fc on fc.oid = f.confrelid
join pg_catalog.pg_namespace fn on fn.oid = fc.relnamespace
where f.contype = 'f' and f.conparentid = 0
order by 1, 2, 3;

-- name: views
select c.oid, n.nspname, c.relname, r.ev_action::text
from pg_catalog.pg_rewrite r
join pg_catalog.pg_class c on c.oid = r.ev_class
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v', 'm') and r.rulename = '_RETURN'
  and n.nspname not in ('pg_catalog', 'information_schema')
order by c.oid;

-- name: key_columns
select c.oid, n.nspname, c.relname, a.attnum, a.attname
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where not a.attisdropped and n.nspname not in ('pg_catalog', 'information_schema')
  and (c.relkind in ('v', 'm') and a.attnum > 0
    or (a.attrelid, a.attnum) in (
      select k.conrelid, pg_catalog.unnest(k.conkey)
      from pg_catalog.pg_constraint k where k.contype in ('p', 'f')
      union all
      select k.confrelid, pg_catalog.unnest(k.confkey)
      from pg_catalog.pg_constraint k where k.contype = 'f'));

-- name: routines
select n.nspname, p.proname, pg_catalog.obj_description(p.oid, 'pg_proc') as comment,
       coalesce(arguments.names, '{{}}'), coalesce(arguments.types, '{{}}'), coalesce(arguments.payload_types, '{{}}'),
       coalesce(arguments.are_required, '{{}}'), coalesce(arguments.are_variadic, '{{}}'),
       tn.nspname, coalesce(tc.relname, t.typname) as return_type, p.proretset,
       t.typtype = 'c' or b.typtype = 'c'
         or coalesce(p.proargmodes::text[] && array['t', 'b', 'o'], false) as returns_row,
       p.provolatile::text, coalesce(p.proconfig, '{{}}')
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_type t on t.oid = p.prorettype
left join pg_catalog.pg_type b on b.oid = t.typbasetype
join pg_catalog.pg_namespace tn on tn.oid = coalesce(nullif(b.typnamespace, 0), t.typnamespace)
left join pg_catalog.pg_class tc on tc.oid = coalesce(nullif(b.typrelid, 0), t.typrelid)
left join lateral (
  select array_agg(coalesce(a.name, '') order by a.position) as names,
         array_agg(pg_catalog.format_type(a.type, null) order by a.position) as types,
         array_agg(case a.type when 'bit'::regtype then 'bit varying'
                               when 'bit[]'::regtype then 'bit varying[]'
                               when 'character'::regtype then 'character varying'
                               when 'character[]'::regtype then 'character varying[]'
                               else pg_catalog.format_type(a.type, null)
                   end order by a.position) as payload_types,
         array_agg(a.position <= p.pronargs - p.pronargdefaults order by a.position) as are_required,
         array_agg(coalesce(a.mode = 'v', false) order by a.position) as are_variadic
  from (select name, type, mode, row_number() over (order by position) as position
        from unnest(coalesce(p.proargnames, '{{}}'), coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes)
               with ordinality as every (name, type, mode, position)
        where coalesce(mode, 'i') in ('i', 'b', 'v') and type is not null) a
) arguments on true
where p.prokind = 'f' and t.oid not in ('trigger'::regtype, 'event_trigger'::regtype)
  and n.nspname = any ({schemas})
  and (coalesce('' <> all (arguments.names), true)
    or p.pronargs = 1 and p.proargtypes[0] in ('json'::regtype, 'jsonb'::regtype, 'text'::regtype, 'xml'::regtype, 'bytea'::regtype))
order by 1, 2, p.oid;

-- name: computed_relationships
select n.nspname, p.proname, sn.nspname, sc.relname, rn.nspname, rc.relname,
       not p.proretset or p.prorows = 1 as is_to_one
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_type st on st.oid = p.proargtypes[0]
join pg_catalog.pg_class sc on sc.oid = st.typrelid
join pg_catalog.pg_namespace sn on sn.oid = sc.relnamespace
join pg_catalog.pg_type rt on rt.oid = p.prorettype
join pg_catalog.pg_class rc on rc.oid = rt.typrelid
join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
where p.prokind = 'f' and p.pronargs = 1 and n.nspname = any ({schemas})
  and sc.relkind in ('v', 'r', 'm', 'f', 'p') and rc.relkind in ('v', 'r', 'm', 'f', 'p')
order by 1, 2;

-- name: representations
select pg_catalog.format_type(k.castsource, null), pg_catalog.format_type(k.casttarget, null), k.castfunc::regproc::text
from pg_catalog.pg_cast k
join pg_catalog.pg_type s on s.oid = k.castsource
join pg_catalog.pg_type t on t.oid = k.casttarget
where k.castcontext = 'i' and k.castmethod = 'f' and pg_catalog.has_function_privilege(k.castfunc, 'execute')
  and (s.typtype = 'd' and k.casttarget in ('json'::regtype, 'text'::regtype)
    or t.typtype = 'd' and k.castsource in ('json'::regtype, 'text'::regtype));

-- name: handlers
with media_types as (
  select t.oid, n.nspname, t.typname, lower(t.typname) as name,
         case t.typname when '*/*' then 'application/octet-stream' else lower(t.typname) end as content_type
  from pg_catalog.pg_type t
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  where t.typtype = 'd' and (t.typname ~ '^[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+$' or t.typname = '*/*')
)
select n.nspname, p.proname, an.nspname, nullif(a.typname, 'anyelement') as target, a.typname <> 'anyelement' as is_typed,
       m.name, m.content_type
from media_types m
join pg_catalog.pg_proc p on p.prorettype = m.oid and p.prokind = 'a' and p.pronargs = 1
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_type a on a.oid = p.proargtypes[0]
join pg_catalog.pg_namespace an on an.oid = a.typnamespace
where n.nspname = any ({schemas}) and (a.typrelid <> 0 or a.typname = 'anyelement')
union all
select m.nspname, m.typname, n.nspname, p.proname, false, m.name, m.content_type
from media_types m
join pg_catalog.pg_proc p on p.prorettype = m.oid and p.prokind = 'f' and not p.proretset
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname = any ({schemas});

-- name: schema_comments
select n.nspname, pg_catalog.obj_description(n.oid, 'pg_namespace')
from pg_catalog.pg_namespace n
where n.nspname = any ({schemas}) and pg_catalog.obj_description(n.oid, 'pg_namespace') is not null;

-- name: time_zones
select name from pg_catalog.pg_timezone_names;
