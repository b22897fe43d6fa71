-- Ways to write around the rules that must lead nowhere.
begin;
select plan(26);
\ir include/fixture.psql

-- a row that is changed again before its AFTER trigger runs
do $$begin
  execute $x$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)
    values (t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'))
    returning (clinic.cancel(id, 'changed my mind')).status$x$;
end$$;
select is_empty('select * from clinic.claim', 'a visit cancelled while it is inserted claims nothing');
do $$begin
  execute $x$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at)
    values (t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'))
    returning (clinic.confirm(id)).status$x$;
end$$;
select results_eq('select starts_at, seat from clinic.claim', $$values (t.at('09:00'), 1)$$, 'one confirmed while it is inserted keeps its claim');
do $$begin
  execute $x$update clinic.appointment set starts_at = t.at('10:00') where status = 'confirmed'
    returning (clinic.reschedule(id, t.at('11:00'))).starts_at$x$;
end$$;
select results_eq('select starts_at from clinic.claim', $$values (t.at('11:00'))$$, 'one moved twice by one statement claims its last time');
select is(t.refusal($$select t.book('bob', 'house', t.at('11:00'))$$), 'PT409 slot_taken', 'which nobody else gets');
select is_empty('select * from clinic.verify()', 'and every claim is what it should be');

-- somebody's own trigger that changes the row first
create function t.meddle() returns trigger language plpgsql as $$begin
  update clinic.appointment set status = 'cancelled' where id = new.id;
  return null;
end$$;
create trigger a_meddler after insert on clinic.appointment for each row execute function t.meddle();
do $$begin perform t.book('bob', 'grey', t.at('09:00')); end$$;
select is_empty($$select 1 from clinic.claim where resource_id = t.id('grey')$$, 'a trigger that cancels what is inserted leaves no claim');
drop trigger a_meddler on clinic.appointment;
select is_empty('select * from clinic.verify()', 'and every claim is what it should be');

-- triggers that leave rows out
create function t.nothing() returns trigger language plpgsql as 'begin return null; end';
create trigger a_nothing before insert on clinic.appointment for each row execute function t.nothing();
select is(t.refusal($$select t.book('bob', 'grey', t.at('10:00'))$$), '09000', 'a booking that a trigger leaves out is an error');
drop trigger a_nothing on clinic.appointment;
create trigger a_nothing before insert on clinic.patient for each row execute function t.nothing();
select is(t.refusal($$select clinic.register_patient('Dora')$$), '09000', 'and so is a registration');
select isnt(t.refusal($$select clinic.register_patient('Dora', '030 999 8877')$$), 'not refused', 'with a phone too');
drop trigger a_nothing on clinic.patient;

-- trigger functions called by hand, or put on other tables
select is(t.refusal(format('select clinic.%I()', p.proname)), '39P01', p.proname || ' is not called by hand')
from pg_proc p
where p.pronamespace = 'clinic'::regnamespace and p.prorettype = 'trigger'::regtype
  and p.proname in ('visit_before', 'visit_after', 'journal_change', 'patient_check')
order by p.proname;
create temporary table look_alike (like clinic.appointment);
create trigger visit_after after delete on look_alike for each row execute function clinic.visit_after();
insert into look_alike select * from clinic.appointment where status = 'confirmed';
select is(t.refusal('delete from look_alike'), '39P01', 'a table that looks alike removes nobody''s claims');
create temporary table note (clinic_id uuid, id uuid);
create trigger forge after insert on note for each row execute function clinic.journal_change('appointment', 'id');
select is(t.refusal($$insert into note values (t.id('clinic'), t.id('ada'))$$), '39P01', 'and another forges no journal');
create trigger by_statement after insert on clinic.appointment for each statement execute function clinic.visit_after();
select is(t.refusal($$select t.book('bob', 'grey', t.at('10:00'))$$), '39P01', 'a row trigger is no statement trigger');
drop trigger by_statement on clinic.appointment;

-- what looks like a restore
create function t.as_a_restore(statement text) returns void language plpgsql security definer
  set search_path = '' set check_function_bodies = off as 'begin execute statement; end';
select is(t.refusal($$select t.as_a_restore('select t.book(''bob'', ''house'', t.at(''11:00''))')$$), 'PT409 slot_taken',
          'a SECURITY DEFINER function with an empty path is no restore');
select is(t.refusal($$select t.as_a_restore('insert into clinic.appointment (clinic_id, patient_id, provider_id, service_id, starts_at)
  values (t.id(''clinic''), t.id(''bob''), t.id(''house''), t.id(''half''), t.at(''11:00''))')$$), 'PT409 slot_taken', 'nor with a plain INSERT');

-- too much of a good thing
select is(t.refusal($$select clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('10:00'), resource_ids => array_fill(t.id('room'), array[60000]))$$),
          'PT422 limit_reached', 'a visit occupies 32 rooms and devices at most');
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, resource_ids)
  values (t.id('bob'), t.id('grey'), t.id('half'), t.at('10:00'), array_fill(t.id('room'), array[33]))$$), 'PT422 limit_reached', 'also by INSERT');
select is(t.refusal($$insert into clinic.service (code, name, duration, buffer_before) values ('x', 'X', '30 min', '1 mon -29 days -23:00')$$),
          '23514 service_clock_time_check', 'a buffer has no days or months');
select is(t.refusal('truncate clinic.appointment cascade'), 'PT422 immutable', 'nobody truncates the visits');
select is(t.refusal('truncate clinic.claim'), 'PT422 immutable', 'nor the claims');

-- a reason in the client's encoding is the same reason
select t.call('euro', (clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('12:00'), reason => chr(8364), idempotency_key => 'euro')).id);
set client_encoding = 'LATIN1';
select is((clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('12:00'), reason => chr(8364), idempotency_key => 'euro')).id, t.id('euro'),
          'a request sent again under another encoding is the same');
reset client_encoding;

select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
