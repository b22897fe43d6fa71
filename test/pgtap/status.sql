begin;
select plan(241);
\ir include/fixture.psql

create table t.allowed (from_status clinic.appointment_status, to_status clinic.appointment_status);
insert into t.allowed values
  ('held', 'scheduled'), ('held', 'cancelled'),
  ('scheduled', 'confirmed'), ('scheduled', 'arrived'), ('scheduled', 'cancelled'), ('scheduled', 'no_show'),
  ('confirmed', 'arrived'), ('confirmed', 'in_progress'), ('confirmed', 'cancelled'), ('confirmed', 'no_show'),
  ('arrived', 'in_progress'), ('arrived', 'cancelled'), ('arrived', 'no_show'),
  ('in_progress', 'completed'), ('in_progress', 'cancelled');

create view t.step as
  select f.status as from_status, s.status as to_status,
         (f.status, s.status) in (select * from t.allowed) as allowed,
         f.status in ('completed', 'cancelled', 'no_show') as final
  from unnest(enum_range(null::clinic.appointment_status)) f(status)
  cross join unnest(enum_range(null::clinic.appointment_status)) s(status);

select is(clinic.can_transition(from_status, to_status), allowed,
          format('can_transition: %s to %s is %s', from_status, to_status, case when allowed then 'allowed' else 'refused' end))
from t.step order by from_status, to_status;

select is(clinic.can_transition(null, 'held'), null, 'can_transition of no status is not known');

select is(clinic.is_final(status), status in ('completed', 'cancelled', 'no_show'),
          format('is_final: %s is %s', status, case when status in ('completed', 'cancelled', 'no_show') then 'final' else 'not final' end))
from unnest(enum_range(null::clinic.appointment_status)) status;

-- a visit of each status, written as it is
insert into clinic.appointment (id, patient_id, provider_id, service_id, starts_at, status, hold_expires_at, cancellation_reason)
select t.call(status::text, clinic.uuid7()), t.id('ada'), t.id('house'), t.id('half'),
       t.at('08:00') + n * interval '1 hour', status,
       case when status = 'held' then now() + interval '1 hour' end,
       case when status = 'cancelled' then 'a reason' end
from unnest(enum_range(null::clinic.appointment_status)) with ordinality s(status, n);

select is(count(*), 8::bigint, 'staff may write a visit of any status') from clinic.appointment;

-- A raw UPDATE to the same status changes nothing, so nothing is refused.
select is(t.refusal(format($$update clinic.appointment set status = %L, hold_expires_at = case when %1$L = 'held' then now() + interval '1 hour' end,
                             cancellation_reason = 'a reason' where id = t.id(%L)$$, to_status, from_status)),
          case when allowed or from_status = to_status then 'not refused' else 'PT422 invalid_transition' end,
          format('UPDATE: %s to %s is %s', from_status, to_status, case when allowed or from_status = to_status then 'allowed' else 'refused' end))
from t.step order by from_status, to_status;

select is(t.refusal(format($$select clinic.set_status(t.id(%L), %L)$$, from_status, to_status)),
          case when allowed then 'not refused' else 'PT422 invalid_transition' end,
          format('set_status: %s to %s is %s', from_status, to_status, case when allowed then 'allowed' else 'refused' end))
from t.step where to_status <> 'cancelled' order by from_status, to_status;

select is(t.refusal(format($$select clinic.cancel(t.id(%L), 'a reason')$$, from_status)),
          case when final then 'PT422 invalid_transition' else 'not refused' end,
          format('cancel: a visit that is %s %s', from_status, case when final then 'stays so' else 'is cancelled' end))
from t.step where to_status = 'cancelled' order by from_status;

select is(t.refusal(format($$select clinic.confirm(t.id(%L))$$, from_status)),
          case when from_status in ('held', 'scheduled') then 'not refused' else 'PT422 invalid_transition' end,
          format('confirm: a visit that is %s %s', from_status,
                 case from_status when 'held' then 'becomes scheduled' when 'scheduled' then 'becomes confirmed' else 'is refused' end))
from t.step where to_status = 'confirmed' order by from_status;

-- what a status means for the time
select is(exists (select from clinic.claim where appointment_id = t.id(status::text)),
          status in ('held', 'scheduled', 'confirmed', 'arrived', 'in_progress'),
          format('a visit written as %s %s', status,
                 case when status in ('held', 'scheduled', 'confirmed', 'arrived', 'in_progress') then 'takes its time' else 'takes no time' end))
from unnest(enum_range(null::clinic.appointment_status)) status;

-- a whole life, with its stamps
select t.call('life', t.book('bob', 'grey', t.at('09:00')));
create function t.life() returns clinic.appointment language sql as $$select clinic.get_appointment(t.id('life'))$$;
select is((t.life()).status, 'scheduled', 'a visit begins as scheduled');
select is((clinic.confirm(t.id('life'))).status, 'confirmed', 'a scheduled visit is confirmed');
select is((t.life()).confirmed_at, now(), 'and when is noted');
select is((clinic.set_status(t.id('life'), 'arrived')).checked_in_at, now(), 'when the patient arrived is noted');
select is((clinic.set_status(t.id('life'), 'in_progress')).started_at, now(), 'when it began is noted');
select is((clinic.set_status(t.id('life'), 'completed')).completed_at, now(), 'when it ended is noted');
select is((t.life()).cancelled_at, null, 'what did not happen is not noted');
select ok(exists (select from clinic.claim where appointment_id = t.id('life')), 'a completed visit did take its time');
select is(t.refusal($$select clinic.book(t.id('ada'), t.id('grey'), t.id('half'), t.at('09:00'))$$), 'PT409 slot_taken',
          'the time of a completed visit is not booked again');
select is(t.refusal($$update clinic.appointment set starts_at = starts_at + interval '1 hour' where id = t.id('life')$$),
          'PT422 invalid_transition', 'a completed visit is not moved');
select is(t.refusal($$select clinic.reschedule(t.id('life'), t.at('10:00'))$$),
          'PT422 invalid_transition', 'reschedule moves no completed visit');
select is(t.refusal($$select clinic.reschedule(t.id('cancelled'), t.at('20:00'))$$),
          'PT422 invalid_transition', 'reschedule moves no cancelled visit');
select is((clinic.update_appointment(t.id('life'), notes => 'came late')).notes, 'came late', 'notes are taken after the visit too');

select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, status)
                      values (t.id('ada'), t.id('house'), t.id('half'), t.at('07:00'), 'held')$$),
          'PT400 missing_argument', 'a hold needs an end');
select is(t.refusal($$select clinic.set_status(t.id('scheduled'), null)$$), 'PT400 missing_argument', 'a status must be given');
select is(t.refusal($$select clinic.set_status(t.id('nobody'), 'confirmed')$$), 'PT404 not_found', 'the status of an unknown visit is not set');
select is(t.refusal($$select clinic.confirm(t.id('nobody'))$$), 'PT404 not_found', 'an unknown visit is not confirmed');
select is(t.refusal($$select clinic.cancel(t.id('nobody'), 'a reason')$$), 'PT404 not_found', 'an unknown visit is not cancelled');
select is(t.refusal($$select clinic.get_appointment(null)$$), 'PT400 missing_argument', 'get_appointment needs a visit');
select is(t.refusal($$select clinic.get_appointment(t.id('life'), null)$$), 'PT400 missing_argument', 'and a clinic');
select is(t.refusal($$select clinic.confirm(null)$$), 'PT400 missing_argument', 'confirm needs a visit');
select is(t.refusal($$select clinic.get_appointment(t.id('nobody'))$$), 'PT404 not_found', 'an unknown visit is not got');

select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
