begin;
select plan(31);
\ir include/fixture.psql
select t.call('v', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'), resource_ids => array[t.id('room')])).id);
select t.call('p', t.book('bob', 'pair', t.at('09:00')));
select t.call('cancelled', t.book('bob', 'grey', t.at('09:00'))), t.call('done', (clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('10:00'), resource_ids => array[t.id('theatre')])).id);
select clinic.cancel(t.id('cancelled'), 'well again'), clinic.confirm(t.id('done')), clinic.set_status(t.id('done'), 'in_progress'), clinic.set_status(t.id('done'), 'completed');
select t.call('held', (clinic.book(t.id('ada'), t.id('grey'), t.id('half'), t.at('11:00'), hold_for => '1 hour')).id);

-- What verify() says of damage done by a superuser, which is then undone.
create function t.damage(statement text) returns text language plpgsql as $$
declare
  result text;
begin
  begin
    execute statement;
    result := (select coalesce(string_agg(format('%s %s: %s', coalesce(a.name, '?'), r.name, v.problem), '; ' order by a.name, r.name), 'none')
               from clinic.verify() v left join t.thing a on a.id = v.appointment_id left join t.thing r on r.id = v.resource_id);
    raise exception using errcode = 'T0001';
  exception when sqlstate 'T0001' then
    return result;
  end;
end $$;

select is_empty('select * from clinic.verify()', 'without damage verify() is empty');
select is(t.damage($$delete from clinic.claim where appointment_id = t.id('p')$$), 'p pair: no claim', 'verify() reports a claim that is gone');
select is(t.damage($$delete from clinic.claim where appointment_id = t.id('v') and resource_id = t.id('room')$$), 'v room: no claim', 'also a room''s');
select is(t.damage($$delete from clinic.claim where appointment_id = t.id('held')$$), 'held grey: no claim', 'also a hold''s that has not expired');
select is(t.damage($$update clinic.claim set starts_at = starts_at + interval '1 min', ends_at = ends_at + interval '1 min' where appointment_id = t.id('p')$$), 'p pair: a claim of another time', 'verify() reports a claim that was shifted');
select is(t.damage($$update clinic.claim set ends_at = ends_at + interval '1 microsecond' where appointment_id = t.id('p')$$), 'p pair: a claim of another time', 'by however little');
select is(t.damage($$update clinic.claim set seat = 2 where appointment_id = t.id('p')$$), 'p pair: a claim of another seat', 'verify() reports a wrong seat');
select is(t.damage($$insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at) values (t.id('clinic'), t.id('nobody'), t.id('house'), 1, t.at('12:00'), t.at('13:00'))$$), 'nobody house: a claim without a visit that takes time', 'verify() reports a claim without a visit');
select is(t.damage($$insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at) values (t.id('clinic'), t.id('cancelled'), t.id('grey'), 1, t.at('09:00'), t.at('09:30'))$$), 'cancelled grey: a claim without a visit that takes time', 'verify() reports a claim of a cancelled visit');
select is(t.damage($$insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at) values (t.id('clinic'), t.id('p'), t.id('laser'), 1, t.at('09:00'), t.at('09:30'))$$), 'p laser: a claim without a visit that takes time', 'verify() reports a claim of a device the visit does not have');
select is(t.damage($$update clinic.claim set resource_id = t.id('grey') where appointment_id = t.id('v') and resource_id = t.id('house')$$), 'v grey: a claim without a visit that takes time; v house: no claim', 'verify() reports a claim of another provider');
select is(t.damage($$delete from clinic.claim where appointment_id = t.id('done') and resource_id = t.id('theatre')$$), 'done theatre: only some of its claims', 'verify() reports a completed visit with some of its claims');
select is(t.damage($$delete from clinic.claim where appointment_id = t.id('done')$$), 'none', 'a completed visit may be without claims');
select is(t.damage($$update clinic.appointment set hold_expires_at = now() - interval '1 s' where id = t.id('held')$$), 'none', 'an expired hold may have its claims');
select is(t.damage($$update clinic.appointment set hold_expires_at = now() - interval '1 s' where id = t.id('held'); delete from clinic.claim where appointment_id = t.id('held')$$), 'none', 'or none');
select is(t.damage($$set local session_replication_role = replica; update clinic.appointment set status = 'cancelled' where id = t.id('p')$$), 'p pair: a claim without a visit that takes time', 'verify() reports a visit cancelled behind the triggers');
select is(t.damage($$set local session_replication_role = replica; update clinic.appointment set starts_at = starts_at - interval '1 hour' where id = t.id('p')$$), 'p pair: a claim of another time', 'verify() reports a visit moved behind the triggers');
select is(t.damage($$set local session_replication_role = replica; delete from clinic.appointment where id = t.id('p')$$), 'p pair: a claim without a visit that takes time', 'verify() reports a visit deleted behind the triggers');
select is(t.damage($$set local session_replication_role = replica; update clinic.claim set starts_at = starts_at - interval '1 min' where appointment_id = t.id('p')$$), 'p pair: a claim of another time', 'a claim''s range is kept equal to its time by construction');

-- and of damage to queues
select t.call('waits', (clinic.walk_in(t.id('ada'), t.id('half'))).appointment_id);
select is(t.damage($$delete from clinic.queue_place$$), 'waits half: no place in the queue', 'verify() reports a place in a queue that is gone');
select is(t.damage($$update clinic.queue_place set queue_id = t.id('house')$$), 'waits half: a place in another queue', 'one that is another');
select is(t.damage($$set local session_replication_role = replica; update clinic.queue_entry set status = 'left'$$), 'waits half: a place in a queue without an open entry', 'and one that is left over');
select is(t.damage($$update clinic.queue_entry set status = 'skipped'$$), 'none', 'who is set aside is in the queue');

-- what the constraint itself refuses, to a superuser too
select is(t.refusal($$insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at) values (t.id('clinic'), t.id('p'), t.id('house'), 1, t.at('09:29'), t.at('09:31'))$$), '23P01 claim_no_overlap', 'nobody is ever double-booked');
select is(t.refusal($$insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at) values (t.id('clinic'), t.id('p'), t.id('house'), 1, t.at('12:00'), t.at('12:00'))$$), '23514 claim_length_check', 'a claim takes time');
select is(t.refusal($$insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at) values (t.id('clinic'), t.id('p'), t.id('house'), 1, t.at('12:00'), t.at('12:00', 2))$$), '23514 claim_length_check', 'and at most 26 hours');
select is(t.refusal($$update clinic.claim set busy = tstzrange(t.at('12:00'), t.at('13:00'))$$), '428C9', 'nobody writes its range');

-- The searches look back by longest_claim, so they miss a claim that is longer: the constraint does not.
insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at) values (t.id('clinic'), t.id('nobody'), t.id('trio'), 1, t.at('00:00', 1), t.at('20:00', 1));
select is(t.refusal($$select t.book('ada', 'trio', t.at('18:00', 1))$$), 'PT409 slot_taken', 'what only the constraint sees is refused as slot_taken');
delete from clinic.claim where appointment_id = t.id('nobody');

-- one clinic, or all
select t.call('second', (clinic.create_clinic('Second', 'UTC')).id);
insert into clinic.claim (clinic_id, appointment_id, resource_id, seat, starts_at, ends_at) values (t.id('second'), t.id('nobody'), t.id('house'), 1, t.at('09:00'), t.at('09:30'));
select is_empty('select * from clinic.verify()', 'verify() looks at the current clinic');
select results_eq($$select problem from clinic.verify(t.id('second'))$$, $$values ('a claim without a visit that takes time')$$, 'or at the one that is named');
select results_eq('select problem from clinic.verify(null)', $$values ('a claim without a visit that takes time')$$, 'or at all');
select * from finish();
rollback;
