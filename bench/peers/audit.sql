-- Peer (c): (b) with an audit trail, as commonly written: a row trigger in PL/pgSQL that keeps the old and the new
-- row as jsonb.  The trigger runs with the caller's rights and the caller may insert; a SECURITY DEFINER function with
-- a pinned search_path would protect the trail better and cost more.

\ir foreign_keys.sql

create table visit_audit (
  id uuid primary key default gen_random_uuid(),
  visit uuid not null,
  operation text not null,
  changed_at timestamptz not null default now(),
  changed_by name not null default current_user,
  old_row jsonb,
  new_row jsonb
);

grant insert on visit_audit to clinic_bench_app;

create function visit_audit() returns trigger
language plpgsql
as $$
begin
  if tg_op = 'INSERT' then
    insert into visit_audit (visit, operation, new_row)
    values (new.id, tg_op, to_jsonb(new));
  elsif tg_op = 'UPDATE' then
    insert into visit_audit (visit, operation, old_row, new_row)
    values (new.id, tg_op, to_jsonb(old), to_jsonb(new));
  else
    insert into visit_audit (visit, operation, old_row)
    values (old.id, tg_op, to_jsonb(old));
  end if;
  return null;
end
$$;

create trigger visit_audit
after insert or update or delete on visit
for each row execute function visit_audit();
